using Vault.Core.Accounts;
using Vault.Core.Ledger;
using Vault.TestKit;

namespace Vault.Campaigns.Lab;

/// <summary>
/// Questions to the whole world at the end of a campaign. Each answers with what is wrong; nothing is good.
/// </summary>
internal static class Audit
{
    private static readonly string[] NewGenerations =
    [
        LedgerEvents.AccountConnected,
        LedgerEvents.AccountReconnected,
        LedgerEvents.AccountRefreshed,
        "account.late_grant_revoked",
    ];

    /// <summary>A grant that is silently dead looks healthy until it is refreshed; so every one is.</summary>
    public static async Task<List<string>> RefreshEveryAccountAsync(LabWorld world, CancellationToken cancellationToken)
    {
        List<string> wrong = [];
        foreach (var account in world.Accounts)
        {
            var i = 0;
            var wait = await Eventually.TryUntilAsync(
                () => world.RefreshAsync(i++ % world.Hosts.Count, account, cancellationToken),
                a => a.IsOk || a.IsLost,
                cancellationToken: cancellationToken
            );
            var answer = wait.Last ?? LabAnswer.None;
            var state = (await world.RowAsync(account, cancellationToken)).State;
            if (answer.IsLost && state.Reason == StatusReason.RefreshOutcomeLost && world.Options.Strict)
                continue;
            if (!answer.IsOk)
                wrong.Add($"{account.User} cannot be refreshed at the end, {state.Status} {state.Reason}: {answer}");
        }

        return wrong;
    }

    /// <summary>
    /// Every generation an account has had, and its loss, has its entry; and no entry tells of a change that is not in
    /// the row.
    /// </summary>
    public static async Task<List<string>> LedgerAgreesAsync(LabWorld world, CancellationToken cancellationToken)
    {
        List<string> wrong = [];
        foreach (var account in world.Accounts)
        {
            // The row may move while its entries are read; then both are read again.
            for (var attempt = 0; ; attempt++)
            {
                var row = await world.RowAsync(account, cancellationToken);
                await world.DrainedAsync(cancellationToken);
                var types = await TypesAsync(world, account.Id, cancellationToken);
                if (
                    (await world.RowAsync(account, cancellationToken)).State.Generation != row.State.Generation
                    && attempt < 20
                )
                    continue;
                var made = types.Count(NewGenerations.Contains);
                var healed = types.Count(t => t == "account.healed");

                // A healing may come with a generation (a late reply) or without (an attempt that turns out never to
                // have been sent).
                if (row.State.Generation < made || row.State.Generation > made + healed)
                    wrong.Add(
                        $"{account.User} is at generation {row.State.Generation}, the ledger tells of {made} and {healed} healings"
                    );
                var last = types.LastOrDefault(t =>
                    NewGenerations.Contains(t)
                    || t is "account.healed" or "account.reauth_required" or LedgerEvents.AccountRevoked
                );
                if ((row.State.Status == AccountStatus.RequiresReauth) != (last == "account.reauth_required"))
                    wrong.Add($"{account.User} is {row.State.Status}, the last the ledger tells of is {last}");
                break;
            }
        }

        return wrong;
    }

    /// <summary>
    /// Law 7: nothing was done at the provider, and nothing was answered as done, of which the ledger does not know.
    /// The entry after a write may be missing where the ledger could not be written any more: a write that has acted is
    /// answered all the same. Answers how often that was.
    /// </summary>
    public static async Task<(List<string> Wrong, int WithoutEnd)> WritesAreInTheLedgerAsync(
        LabWorld world,
        long atProvider,
        IReadOnlyCollection<string> acknowledged,
        CancellationToken cancellationToken
    )
    {
        List<string> wrong = [];
        var tool = world.Options.Provider + "_create_item";
        var started = await ExecutionsAsync(world, LedgerEvents.ExecutionStarted, tool, cancellationToken);
        var finished = await ExecutionsAsync(world, LedgerEvents.ExecutionFinished, tool, cancellationToken);
        if (atProvider > started.Count)
            wrong.Add($"the provider saw {atProvider} writes, the ledger tells of {started.Count} begun");
        if (acknowledged.Count(id => !started.Contains(id)) is > 0 and var unknown)
            wrong.Add($"{unknown} writes were answered as done of which the ledger does not know");
        return (wrong, acknowledged.Count(id => !finished.Contains(id)));
    }

    private static async Task<List<string>> TypesAsync(
        LabWorld world,
        string account,
        CancellationToken cancellationToken
    )
    {
        List<string> types = [];
        var query = new LedgerQuery(world.Organization) { Account = account, Limit = 1_000 };
        while (true)
        {
            var page = await world.Store.Ledger.QueryAsync(query, cancellationToken);
            types.AddRange(page.Entries.Select(e => e.Index.Type ?? ""));
            if (page.NextCursor is not { } next)
                return types;
            query = query with { Cursor = next };
        }
    }

    private static async Task<HashSet<string>> ExecutionsAsync(
        LabWorld world,
        string type,
        string tool,
        CancellationToken cancellationToken
    )
    {
        HashSet<string> found = [];
        var query = new LedgerQuery(world.Organization)
        {
            Type = type,
            Tool = tool,
            Limit = 1_000,
        };
        while (true)
        {
            var page = await world.Store.Ledger.QueryAsync(query, cancellationToken);
            found.UnionWith(page.Entries.Select(e => e.Index.ExecutionId!));
            if (page.NextCursor is not { } next)
                return found;
            query = query with { Cursor = next };
        }
    }
}
