using Vault.Core.Callers;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>Imports a credential of the caller.</summary>
internal sealed class ImportAccount(AccountFinder finder, CredentialImport credentialImport) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connected_accounts",
            "importConnectedAccount",
            "Import a credential: OAuth tokens, API key, basic, key pair, client credentials"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Writes = true,
            Success = 201,
            Answer = typeof(AccountView),
            Description =
                "The credential is never shown again; the account shows at most the last characters of a key.",
            Errors =
            [
                ErrorCatalogue.ConnectionUnknown,
                ErrorCatalogue.ProviderUnknown,
                ErrorCatalogue.CredentialInvalid,
                ErrorCatalogue.IdentityMismatch,
                ErrorCatalogue.UpstreamUnavailable,
                ErrorCatalogue.OrganizationSuspended,
                ErrorCatalogue.KeysUnavailable,
                ErrorCatalogue.DestinationChanged,
            ],
            Body =
            [
                Field.Organization,
                Field.Text(
                    "user_id",
                    "The user's id in your application; service:<name> for the organization itself."
                ) with
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
                CredentialBody.Credential,
                CredentialBody.ScopesField,
                CredentialBody.Parameters,
                CredentialBody.Validate,
                CredentialBody.ExpectedIdentity,
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
        var read = CredentialBody.Read(body);
        if (!read.TryGet(out var request, out var wrong))
            return wrong;
        using (request)
        {
            var owner = new CredentialOwner(
                call.Organization,
                user,
                body.Required("connection"),
                body.Text("account_label") ?? ""
            );
            return Answer.From(
                await credentialImport.ImportAsync(owner, request, call.Caller.KeyId, cancellationToken),
                AccountView.Of,
                201
            );
        }
    }
}
