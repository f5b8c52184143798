using Vault.Core.Callers;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>Replaces a static credential.</summary>
internal sealed class RotateCredential(AccountFinder finder, CredentialImport credentialImport) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connected_accounts/{connected_account_id}:rotate_credential",
            "rotateCredential",
            "Replace an account's static credential"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Writes = true,
            Answer = typeof(AccountView),
            Errors =
            [
                ErrorCatalogue.NotFound,
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
                CredentialBody.Credential,
                CredentialBody.ScopesField,
                CredentialBody.Parameters,
                CredentialBody.Validate,
                CredentialBody.ExpectedIdentity,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        var read = CredentialBody.Read(call.Body);
        if (!read.TryGet(out var request, out var wrong))
            return wrong;
        using (request)
            return Answer.From(
                await credentialImport.RotateAsync(row, request, call.Caller.KeyId, cancellationToken),
                AccountView.Of
            );
    }
}
