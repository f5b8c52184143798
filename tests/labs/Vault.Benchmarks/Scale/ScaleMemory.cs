using Vault.Core.Accounts;
using Vault.Core.Refresh;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// What an account costs in memory while it is used: the product's own resolver and cache, filled through the store in
/// this process, where the heap can be asked.
/// </summary>
internal static class ScaleMemory
{
    public static async Task RunAsync(
        ScaleWorld world,
        IReadOnlyList<LoadedAccount> accounts,
        ScaleFigures figures,
        CancellationToken cancellationToken
    )
    {
        var options = new LifecycleOptions { FreshnessLease = TimeSpan.FromMinutes(10) };
        using var cache = new CredentialCache(
            world.Store.Accounts,
            world.Sealing,
            TimeProvider.System,
            options,
            accounts.Count + 1
        );
        var resolver = new AccountResolver(world.Store.Accounts, TimeProvider.System, options, cache);
        await TakeAsync(accounts[0]);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var account in accounts.Skip(1))
            await TakeAsync(account);
        var active = GC.GetTotalMemory(forceFullCollection: true);
        figures.Add(
            "active_account_bytes",
            (active - before) / (double)(accounts.Count - 1),
            $"bytes of heap per account in use (resolved and opened), {accounts.Count:#,0} of them"
        );
        cache.Sweep(TimeSpan.Zero);
        GC.KeepAlive(resolver);
        figures.Add("cached_after_idle", cache.Count, "opened accounts still held after they were left idle");

        async Task TakeAsync(LoadedAccount account)
        {
            var question = new AccountQuestion(
                account.Key.Organization,
                account.Key.User,
                "sandbox_single_use",
                null,
                null,
                null
            );
            var found = await resolver.ResolveAsync(question, cancellationToken);
            if (
                found.Error is not null
                || (await cache.TakeAsync(account.Key, confirm: false, cancellationToken)) is not { Error: null } taken
            )
                throw new BenchException("An account that was loaded cannot be opened.");
            taken.Value.Release();
        }
    }
}
