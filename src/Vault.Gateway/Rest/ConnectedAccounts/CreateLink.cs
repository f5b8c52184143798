using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <param name="Scopes">What the consent requests.</param>
internal sealed record LinkView(
    string Link,
    DateTimeOffset ExpiresAt,
    string ConnectedAccountId,
    IReadOnlyList<string> Scopes
);

/// <summary>Creates a link that lets a user connect an account.</summary>
internal sealed class CreateLink(AccountFinder finder, ConnectLinks links) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/connected_accounts:link", "createLink", "Create a link that lets a user connect an account")
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Writes = true,
            ShownOnce = true,
            Success = 201,
            Answer = typeof(LinkView),
            Description =
                "The link works once, for ten minutes, in the browser that opens it. An existing account keeps its id.",
            Errors =
            [
                ErrorCatalogue.ConnectionUnknown,
                ErrorCatalogue.ProviderUnknown,
                ErrorCatalogue.OrganizationSuspended,
                ErrorCatalogue.LedgerUnavailable,
                ErrorCatalogue.KeysUnavailable,
            ],
            Body =
            [
                Field.Organization,
                Field.Text("user_id", "The user's id in your application.") with
                {
                    Required = true,
                    MaxLength = UserId.MaxLength,
                    Aliases = ["identifier"],
                },
                Field.Text("connection", "The connection's name or id.") with
                {
                    Required = true,
                    Aliases = ["connector", "connection_name"],
                },
                Field.Text("account_label", "Distinguishes several accounts of one user under one connection.") with
                {
                    MaxLength = 64,
                },
                Field.Texts(
                    "scopes",
                    "Scopes to request. Default: the connection's scopes, or the minimum that its tools need, "
                        + "without risky ones."
                ) with
                {
                    MaxLength = 256,
                },
                Field.Texts(
                    "tools",
                    "Tools to request access for: the scopes already granted and those these tools need in addition."
                ) with
                {
                    MaxLength = 64,
                },
                Field.Text(
                    "return_url",
                    "Where the browser goes afterwards: one of the connection's return_urls, with any query."
                ) with
                {
                    MaxLength = WebAddress.MaxLength,
                },
                Field.Text("state", "Returned as a query parameter of the return URL."),
                Field.Text("expected_identity", "The provider's subject or e-mail address that must sign in.") with
                {
                    MaxLength = 320,
                },
                Field.Text("agent_name", "The name of the requesting agent on the connect page.") with
                {
                    MaxLength = 100,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var body = call.Body;
        if (!UserId.IsValid(body.Required("user_id")))
            return VaultError.Invalid("user_id", "has " + UserId.Rule);
        var user = new UserId(body.Required("user_id"));
        if (await finder.RefusalAsync(call, user, body.Required("connection"), cancellationToken) is { } refused)
            return refused;
        var request = new LinkDraft
        {
            Organization = call.Organization,
            User = user,
            Connection = body.Required("connection"),
            Label = body.Text("account_label") ?? "",
            Scopes = body.Texts("scopes"),
            Tools = body.Texts("tools"),
            ReturnUrl = body.Text("return_url"),
            State = body.Text("state"),
            ExpectedIdentity = body.Text("expected_identity"),
            AgentName = body.Text("agent_name") ?? call.Caller.AgentName,
        };
        return Answer.From(
            await links.CreateAsync(request, call.Caller.KeyId, cancellationToken),
            made => new LinkView(made.Url, made.ExpiresAt, made.Account.Value, made.Scopes),
            201
        );
    }
}
