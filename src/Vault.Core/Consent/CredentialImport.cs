using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Refresh;

namespace Vault.Core.Consent;

/// <summary>
/// Imports credentials from callers: tokens obtained elsewhere, API keys, basic credentials, key pairs, the
/// connection's own client. No imported secret is ever returned.
/// </summary>
public sealed class CredentialImport(
    ConnectionRegistry connections,
    IOrganizationStore organizations,
    IPacks packs,
    IAccounts accounts,
    TokenClients clients,
    GrantWriter grantWriter,
    CredentialVerification verification,
    ITokenEndpoint endpoint,
    TimeProvider time
)
{
    private const string Rotation = "rotation";

    public async Task<Result<AccountRow>> ImportAsync(
        CredentialOwner owner,
        CredentialRequest request,
        string by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(request);
        if (!AccountKey.IsValidLabel(owner.Label))
            return VaultError.Invalid("account_label", "has " + AccountKey.LabelRule);
        var found = await connections.FindAsync(owner.Organization, owner.Connection, cancellationToken);
        if (!found.TryGet(out var connection, out var missing))
            return missing;
        if (await organizations.FindAsync(owner.Organization, cancellationToken) is not { State.Gate.Open: true })
            return new VaultError(
                ErrorCatalogue.OrganizationSuspended,
                "The organization is suspended; nothing can be connected."
            );
        var key = new AccountKey(owner.Organization, owner.User, connection.Name, owner.Label);
        return await StoreAsync(key, connection, request, "import", by, cancellationToken);
    }

    /// <summary>
    /// Replaces the static credential of an account. The account keeps its id; when this returns, the old credential is
    /// gone.
    /// </summary>
    public async Task<Result<AccountRow>> RotateAsync(
        AccountRow account,
        CredentialRequest request,
        string by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(request);
        if (account.Credential is null)
            return new VaultError(
                ErrorCatalogue.Conflict,
                "This account has no static credential to rotate; it is connected by consent. Use :reconnect."
            );
        if (account.State.Status is AccountStatus.Revoked or AccountStatus.Disconnected)
            return Gone(account);
        var found = await connections.FindAsync(account.Key.Organization, account.ConnectionId, cancellationToken);
        if (!found.TryGet(out var connection, out var missing))
            return missing;
        return await StoreAsync(account.Key, connection, request, Rotation, by, cancellationToken);
    }

    private async Task<Result<AccountRow>> StoreAsync(
        AccountKey key,
        ConnectionRow connection,
        CredentialRequest given,
        string source,
        string by,
        CancellationToken cancellationToken
    )
    {
        if (connection.Settings.Disabled)
            return new VaultError(ErrorCatalogue.Conflict, "The connection is disabled.");
        if (!packs.TryGet(connection.Provider, out var pack))
            return new VaultError(
                ErrorCatalogue.ProviderUnknown,
                $"The provider '{connection.Provider}' of this connection is not loaded."
            );
        var request = PrivateKeys.Read(pack, given, out var unreadable);
        using var read = ReferenceEquals(request, given) ? null : request;
        if (unreadable.Length > 0)
            return ConnectionRules.Refuse(unreadable);
        if (CredentialRules.Check(pack, connection.Settings, request, time.GetUtcNow()) is { Length: > 0 } faults)
            return ConnectionRules.Refuse(faults);
        var opened = await clients.ForAsync(connection, request.Parameters, cancellationToken);
        if (!opened.TryGet(out var client, out var unopened))
            return unopened;
        using var clientSecret = client.ClientSecret;

        var chosen = request.Scopes ?? connection.Settings.Scopes;
        var requested = chosen.IsEmpty ? pack.DefaultScopes : ScopeBundles.Chosen(pack, chosen);
        var tried = await verification.RunAsync(client, request, requested);
        if (!tried.TryGet(out var proven, out var refused))
            return refused;
        using (proven)
        {
            var prepared = await accounts.PrepareAsync(key, connection.Id, pack.Id, requested, by, cancellationToken);
            if (!prepared.TryGet(out _, out var unprepared))
                return unprepared;
            return await grantWriter.StoreGrantAsync(
                key,
                client,
                proven.Grant,
                proven.Credential,
                (row, newGrant) =>
                    newGrant with
                    {
                        ConnectionId = connection.Id,
                        Facts = proven.Facts,
                        Mints = Mints(request),
                        RequestedScopes = requested,
                        // What a caller did not say and no provider was asked for stays unknown. A replaced key has
                        // the scopes of the key before it.
                        GrantedScopes = proven.Scopes
                            ?? (
                                source == Rotation ? row.State.GrantedScopes
                                : Mints(request) ? requested
                                : []
                            ),
                        ScopesUnknown =
                            proven.Scopes is null && (source == Rotation ? row.State.ScopesUnknown : !Mints(request)),
                        Terms = request.Mode is null ? endpoint.TermsOf(client) : null,
                        Identity = proven.Identity ?? row.State.Identity,
                        Parameters = request.Parameters.SetItems(proven.Parameters),
                        InstalledBy = by,
                        Source = source,
                        Replaces = source == Rotation,
                        // The caller that replaces a credential tries it.
                        Unverified = source != Rotation && !request.Validate && request.ExpectedIdentity is null,
                    },
                cancellationToken
            );
        }
    }

    private static bool Mints(CredentialRequest request) =>
        request.Mode is AuthMode.ClientCredentials or AuthMode.JwtBearer or AuthMode.AppInstallation;

    private static VaultError Gone(AccountRow account) =>
        new(ErrorCatalogue.Conflict, "The account is revoked; connect it again with POST /v1/connected_accounts.")
        {
            StatusReason = account.State.Reason,
        };
}
