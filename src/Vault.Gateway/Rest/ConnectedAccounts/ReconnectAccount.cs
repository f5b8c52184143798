using System.Collections.Immutable;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>
/// Creates a new link for an existing account. The account keeps its id, and the same identity must sign in unless the
/// caller allows another.
/// </summary>
internal sealed class ReconnectAccount(AccountFinder finder, ConnectLinks links) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connected_accounts/{connected_account_id}:reconnect",
            "reconnectConnectedAccount",
            "Create a link to reconnect an account"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Writes = true,
            ShownOnce = true,
            Success = 201,
            Answer = typeof(LinkView),
            Errors =
            [
                ErrorCatalogue.NotFound,
                ErrorCatalogue.ConnectionUnknown,
                ErrorCatalogue.ProviderUnknown,
                ErrorCatalogue.OrganizationSuspended,
                ErrorCatalogue.LedgerUnavailable,
                ErrorCatalogue.KeysUnavailable,
            ],
            Body =
            [
                Field.Organization,
                Field.Texts("scopes", "Scopes to request. Default: those of the previous consent.") with
                {
                    MaxLength = 256,
                },
                Field.Text("return_url", "Where the browser goes afterwards: one of the connection's return_urls.") with
                {
                    MaxLength = WebAddress.MaxLength,
                },
                Field.Text("state", "Returned as a query parameter of the return URL."),
                Field.Text(
                    "expected_identity",
                    "The identity that must sign in. Default: the one connected before."
                ) with
                {
                    MaxLength = 320,
                },
                Field.Flag("any_identity", "Allows a different identity to sign in."),
                Field.Text("agent_name", "The name of the requesting agent on the connect page.") with
                {
                    MaxLength = 100,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        var body = call.Body;
        if (body.Flag("any_identity") == true && body.Has("expected_identity"))
            return VaultError.Invalid("any_identity", "contradicts expected_identity; give one of them");
        var requested = row.State.RequestedScopes;
        var request = new LinkDraft
        {
            Organization = call.Organization,
            User = row.Key.User,
            Connection = row.ConnectionId,
            Label = row.Key.Label,
            Scopes = body.Texts("scopes") ?? (requested.IsDefaultOrEmpty ? null : (ImmutableArray<string>?)requested),
            ReturnUrl = body.Text("return_url"),
            State = body.Text("state"),
            ExpectedIdentity =
                body.Flag("any_identity") == true
                    ? null
                    : body.Text("expected_identity") ?? row.State.Identity?.Subject,
            AgentName = body.Text("agent_name") ?? call.Caller.AgentName,
        };
        return Answer.From(
            await links.CreateAsync(request, call.Caller.KeyId, cancellationToken),
            made => new LinkView(made.Url, made.ExpiresAt, made.Account.Value, made.Scopes),
            201
        );
    }
}
