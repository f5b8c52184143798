using Microsoft.Extensions.DependencyInjection;
using Vault.Attacks.Rig;
using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Refresh;

namespace Vault.Attacks.Tenants;

/// <summary>
/// The same below HTTP: the attacker's organization with the victim's ids, at the ports themselves. What comes back
/// must be nothing.
/// </summary>
internal static class StorePortAttempts
{
    public static async Task<int> TryAsync(AttackRig rig, Tenant attacker, Tenant victim, List<string> leaks)
    {
        var services = rig.Services;
        var mine = new OrganizationId(attacker.Organization);
        var (accounts, connections, keys) = (
            services.GetRequiredService<IAccountStore>(),
            services.GetRequiredService<IConnectionStore>(),
            services.GetRequiredService<IApiKeyStore>()
        );
        var (approvals, outputs) = (
            services.GetRequiredService<IApprovalStore>(),
            services.GetRequiredService<IOutputStore>()
        );
        var (owner, resolver) = (
            services.GetRequiredService<IAccounts>(),
            services.GetRequiredService<AccountResolver>()
        );
        var tried = 0;
        foreach (var id in victim.Ids["connected_account_id"])
        {
            await NothingAsync("accounts.find", accounts.FindAsync(mine, new AccountId(id), default));
            var found = await resolver.ResolveAsync(
                new AccountQuestion(mine, null, "sandbox_key", null, new AccountId(id), null),
                default
            );
            Check("accounts.resolve", found.IsOk);
        }

        foreach (var user in victim.Ids["user_id"])
        {
            var rows = await accounts.FindForUserAsync(mine, new UserId(user), "sandbox_key", default);
            Check("accounts.find_for_user", rows?.Rows.Count > 0);
            Check(
                "accounts.list",
                (await accounts.ListAsync(mine, new AccountFilter(new UserId(user)), 10, null, default)).Items.Count > 0
            );
            foreach (var connection in new[] { "sandbox", "sandbox_key" })
            {
                var key = new AccountKey(mine, new UserId(user), new ConnectionName(connection));
                await NothingAsync("accounts.find by key", accounts.FindAsync(key, default));
                Check("accounts.refresh", (await owner.RefreshAsync(key, null, RefreshReason.Manual, default)).IsOk);
                Check("accounts.revoke", (await owner.RevokeAsync(key, "attack", "attack", default)).IsOk);
            }
        }

        foreach (var id in victim.Ids["connection"].Where(c => c.StartsWith("conn_", StringComparison.Ordinal)))
            await NothingAsync("connections.find", connections.FindAsync(mine, id, default));
        foreach (var id in victim.Ids["approval_id"])
            await NothingAsync("approvals.find", approvals.FindAsync(mine, id, default));
        foreach (var id in victim.Ids["execution_id"])
            await NothingAsync("outputs.find", outputs.FindAsync(mine, id, DateTimeOffset.UtcNow, default));
        foreach (var cursor in victim.Ids["page_token"])
        {
            await RefusedAsync("accounts.list", async () =>
                (await accounts.ListAsync(mine, new AccountFilter(), 10, cursor, default)).Items.Any(r =>
                    r.Key.Organization != mine
                )
            );
            await RefusedAsync("connections.list", async () =>
                (await connections.ListAsync(mine, null, 10, cursor, default)).Items.Any(r => r.Organization != mine)
            );
        }

        return tried;

        async Task NothingAsync<T>(string port, Task<T?> asked)
            where T : class => Check(port, await asked is not null);

        async Task RefusedAsync(string port, Func<Task<bool>> ask)
        {
            try
            {
                Check(port, await ask());
            }
            catch (Vault.Core.Errors.InvalidCursorException)
            {
                Check(port, false);
            }
        }

        void Check(string port, bool open)
        {
            tried++;
            if (open)
                leaks.Add($"the port {port} answers the attacker's organization with the victim's id");
        }
    }
}
