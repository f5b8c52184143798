using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Refresh;

namespace Vault.Core.Consent;

/// <summary>A consent to request.</summary>
public sealed record LinkDraft
{
    public required OrganizationId Organization { get; init; }

    public required UserId User { get; init; }

    /// <summary>A connection's name or id.</summary>
    public required string Connection { get; init; }

    public string Label { get; init; } = "";

    /// <summary>Null requests what the connection requests of this user (<see cref="ScopeBundles.For"/>).</summary>
    public ImmutableArray<string>? Scopes { get; init; }

    /// <summary>
    /// Tools whose scopes are requested in addition to the granted scopes (or, for a new account, the connection's
    /// scopes): incremental consent.
    /// </summary>
    public ImmutableArray<string>? Tools { get; init; }

    public string? ReturnUrl { get; init; }

    public string? State { get; init; }

    public string? ExpectedIdentity { get; init; }

    public string? AgentName { get; init; }
}

/// <summary>A new link. Its URL is a capability: the first browser that opens it can use it, once.</summary>
/// <param name="Scopes">What the consent requests.</param>
public sealed record MadeLink(
    string Url,
    DateTimeOffset ExpiresAt,
    AccountId Account,
    string LinkId,
    ImmutableArray<string> Scopes
);

/// <summary>Creates links. The token is only in the response (law 2); the store has its digest.</summary>
public sealed class ConnectLinks(
    ConnectionRegistry connections,
    IOrganizationStore organizations,
    IPacks packs,
    IAccounts accounts,
    IAccountStore rows,
    ILinkStore links,
    IdFactory ids,
    IEntropy entropy,
    TimeProvider time,
    PublicAddress address,
    ConnectOptions options
)
{
    private const int TextLength = 1024;

    public async Task<Result<MadeLink>> CreateAsync(LinkDraft draft, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var found = await connections.FindAsync(draft.Organization, draft.Connection, cancellationToken);
        if (!found.TryGet(out var connection, out var missing))
            return missing;
        if (Unusable(connection, out var pack) is { } unusable)
            return unusable;
        if (Fault(draft, connection) is { } fault)
            return fault;
        if (await organizations.FindAsync(draft.Organization, cancellationToken) is not { } organization)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        if (!organization.State.Gate.Open)
            return Suspended();

        var key = new AccountKey(draft.Organization, draft.User, connection.Name, draft.Label);
        var chosen = draft.Scopes ?? ScopesFor(connection, pack, draft.User);
        if (draft.Tools is { } tools)
        {
            var needs = ScopePlan.Enabled(packs, pack, tools);
            if (needs.Count < tools.Length)
                return VaultError.Invalid("tools", $"names a tool that is not one of {pack.Id}");
            // At many providers a new consent replaces the old one, so the scopes already granted are requested as
            // well.
            var granted = await rows.FindAsync(key, cancellationToken)
                is {
                    Row.State:
                    { Status: AccountStatus.Active or AccountStatus.RequiresReauth or AccountStatus.Expired } state
                }
                ? state.GrantedScopes
                : [];
            // The tools are a choice, too: where the connection makes none, they alone decide.
            var before = connection.Settings is { Scopes.IsEmpty: true, Tools: null } ? pack.DefaultScopes : chosen;
            chosen = ScopeUnion.Of(needs.Select(t => t.Scopes), granted.IsEmpty ? before : granted);
        }

        var scopes = ScopeBundles.Chosen(pack, chosen);
        var prepared = await accounts.PrepareAsync(key, connection.Id, pack.Id, scopes, by, cancellationToken);
        if (!prepared.TryGet(out var account, out var unprepared))
            return unprepared;

        var token = LinkSecrets.New(entropy);
        var now = time.GetUtcNow();
        var request = new LinkRequest
        {
            // The browser must come back to the host that it opens now: the cookie that binds it belongs to one host.
            RedirectUri = connection.Settings.RedirectUri,
            Scopes = scopes,
            ReturnUrl = draft.ReturnUrl,
            CallerState = draft.State,
            ExpectedIdentity = draft.ExpectedIdentity,
            AgentName = draft.AgentName,
            CreatedBy = by,
        };
        var link = new LinkSession(
            ids.New("lnk_"),
            key,
            account.Id,
            connection.Id,
            1,
            LinkStatus.Ready,
            LinkSecrets.Hash(token),
            null,
            null,
            null,
            request,
            now,
            now + options.LinkLifetime
        );
        // Written with the link in one transaction, so there is no entry of a link that does not exist.
        LedgerDraft[] drafts = [LinkEntries.Created(link, pack.Id, ids, now)];
        return await links.InsertAsync(
            link,
            GateCheck.OpenAt(organization.State.Gate.Epoch),
            drafts,
            cancellationToken
        ) switch
        {
            WriteOutcome.Written => new MadeLink(
                address.Link(token, connection.Settings.RedirectUri),
                link.ExpiresAt,
                account.Id,
                link.Id,
                scopes
            ),
            WriteOutcome.GateShut => Suspended(),
            _ => new VaultError(ErrorCatalogue.Conflict, "The link could not be stored; request another one."),
        };
    }

    /// <summary>The scopes that a connection requests of a user.</summary>
    public ImmutableArray<string> ScopesFor(ConnectionRow connection, ProviderPack pack, UserId user) =>
        ScopeBundles.For(packs, pack, connection, user);

    /// <summary>Whether a connection has a consent at all.</summary>
    public VaultError? Unusable(ConnectionRow connection, out ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (!packs.TryGet(connection.Provider, out pack!))
            return new VaultError(
                ErrorCatalogue.ProviderUnknown,
                $"The provider '{connection.Provider}' of this connection is not loaded."
            );
        if (connection.Settings.Disabled)
            return new VaultError(ErrorCatalogue.Conflict, "The connection is disabled.");
        if (!pack.AuthModes.Contains(AuthMode.AuthorizationCode) && pack.Details.OAuth1 is null)
            return VaultError.Invalid(
                "connection",
                $"{pack.Id} has no consent page; import the credential with POST /v1/connected_accounts"
            );
        return connection.Settings.ClientId is null
            ? VaultError.Invalid("connection", "has no client_id yet; set it with PATCH /v1/connections/{connection}")
            : null;
    }

    private static VaultError? Fault(LinkDraft draft, ConnectionRow connection)
    {
        if (!AccountKey.IsValidLabel(draft.Label))
            return VaultError.Invalid("account_label", "has " + AccountKey.LabelRule);
        if (draft.Scopes is { } scopes && ConnectionRules.CheckScopes(scopes) is { Length: > 0 } wrong)
            return ConnectionRules.Refuse(wrong);
        if (
            draft.ReturnUrl is { } url
            && (
                url.Length > WebAddress.MaxLength
                || url.Contains('#', StringComparison.Ordinal)
                || url.Any(char.IsControl)
                || !WebAddress.IsRegistered(url, connection.Settings.ReturnUrls)
            )
        )
            return VaultError.Invalid("return_url", "is not one of the connection's return_urls; add it there first");
        if (draft.State is { Length: > TextLength })
            return VaultError.Invalid("state", $"at most {TextLength} characters");
        if (draft.ExpectedIdentity is { } expected && (expected.Length is 0 or > 320 || expected.Any(char.IsControl)))
            return VaultError.Invalid(
                "expected_identity",
                "give the provider's subject or e-mail address, 1 to 320 characters"
            );
        return draft.AgentName is { } agent && (agent.Length is 0 or > 100 || agent.Any(char.IsControl))
            ? VaultError.Invalid("agent_name", "give 1 to 100 characters")
            : null;
    }

    private static VaultError Suspended() =>
        new(ErrorCatalogue.OrganizationSuspended, "The organization is suspended; nothing can be connected.");
}
