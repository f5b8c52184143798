using Vault.Core.Accounts;
using Vault.Core.Concurrency;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Execution;

// The checks that must pass before the ledger entry is written. None of them has an effect at the provider.
public sealed partial class ToolRunner
{
    private readonly FreshCache<(OrganizationId, string), ConnectionRow> _connections = new(
        time,
        lifecycle.FreshnessLease,
        10_000
    );

    private async Task<VaultError?> CheckAsync(ExecutionRun run, CancellationToken cancellationToken)
    {
        // Nothing is opened for a call that is refused here.
        var peeked = await cache.PeekAsync(run.Key, cancellationToken).ConfigureAwait(false);
        if (!peeked.TryGet(out var account, out var error))
            return error;
        if (!account.Gate.Open)
            return AccountErrors.Suspended();
        if (account.Row.Id != run.Order.Account)
            return AccountErrors.NotConnected();
        var state = account.Row.State;
        run.Granted = state.GrantedScopes;
        if (state.Status != AccountStatus.Active)
            return AccountErrors.ForStatus(state);

        run.Connection = await ConnectionAsync(run.Key.Organization, account.Row.ConnectionId, cancellationToken)
            .ConfigureAwait(false);
        if (run.Connection is null || run.Connection.Settings.Disabled)
            return new VaultError(
                ErrorCatalogue.ConnectionUnknown,
                $"The connection '{run.Key.Connection}' is removed or disabled."
            );
        if (account.Row.Provider != run.Tool.Pack.Id)
        {
            // The account was found through the pack of a compatible provider. Address, credential and error rules
            // are those of the account's own pack.
            if (!packs.TryGetTool(run.Tool.Definition.Name, account.Row.Provider, out var own))
                return new VaultError(
                    ErrorCatalogue.ToolUnknown,
                    $"Accounts of '{account.Row.Provider}' do not run the tool '{run.Tool.Definition.Name}'."
                );
            if (run.Order.Request.ToolVersion is { } pinned && pinned != own.Definition.Version)
                return new VaultError(
                    ErrorCatalogue.ToolUnknown,
                    $"tool_version: accounts of '{account.Row.Provider}' run version {own.Definition.Version} of "
                        + $"'{run.Tool.Definition.Name}'."
                );
            run.Tool = own;
        }

        if (ProxyTool.Is(run.Order.Request.ToolName))
        {
            if (!run.Connection.Settings.AllowProxy)
                return new VaultError(
                    ErrorCatalogue.PolicyDenied,
                    $"The connection '{run.Key.Connection}' does not allow raw calls (allow_proxy)."
                );
            if (run.Connection.Settings.ProxyEffect == ConnectionSettings.ProxyWrites)
                run.Tool = ProxyTool.AsWrite(run.Tool, run.Order.Request.Input);
        }
        else if (run.Connection.Settings.Tools is { } offered && !offered.Contains(run.Tool.Definition.Name))
            return new VaultError(
                ErrorCatalogue.PolicyDenied,
                $"The connection '{run.Key.Connection}' does not offer the tool '{run.Tool.Definition.Name}'."
            );

        if (account.OutsideFor(run.Tool, run.Connection) is { } origin)
            return PackOrigins.Refuse(account.Bound!, origin);

        // The granted scopes count, not the requested ones: a person may decline some of them at consent.
        var missing = state.Missing(run.Tool.Definition.Scopes, run.Tool.Pack);
        run.Used = run.Tool.Definition.Scopes.Used(state.GrantedScopes, run.Tool.Pack.Details.ScopeImplications);
        if (missing.Length > 0)
        {
            scopeUses.Refused(run.Key.Organization, run.Order.Account, missing, time.GetUtcNow());
            return new VaultError(ErrorCatalogue.ScopeMissing, "The grant lacks: " + string.Join(", ", missing) + ".")
            {
                MissingScopes = missing,
            };
        }

        if (run.Order.Request.PageToken is { } token)
        {
            var opened = await PageSeal
                .OpenAsync(sealer, run.Key.Organization, run.Order.Account, token, cancellationToken)
                .ConfigureAwait(false);
            if (!opened.TryGet(out var page, out var wrong))
                return wrong;
            run.Page = page;
        }

        return await guard.CheckAsync(run, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<ConnectionRow?> ConnectionAsync(
        OrganizationId organization,
        string id,
        CancellationToken cancellationToken
    ) =>
        _connections.TryGet((organization, id), out var known)
            ? new(known)
            : _connections.GetAsync(
                (organization, id),
                key => connections.FindAsync(key.Item1, key.Item2, CancellationToken.None),
                cancellationToken
            );
}
