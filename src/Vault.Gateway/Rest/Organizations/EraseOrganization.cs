using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

/// <summary>Revokes every account, destroys the keys and purges the data; a repeated call continues.</summary>
internal sealed class EraseOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/organizations/{organization_id}:erase",
            "eraseOrganization",
            "Revoke every account, destroy the keys, purge; a repeated call continues and reports the progress"
        )
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(ErasureView),
            Errors = [ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable],
            Body = [],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        // An organization must not lift its operator's suspension, and a stolen key must not erase the organization.
        if (call.Caller.Organization is not null)
            return new VaultError(ErrorCatalogue.PermissionDenied, "Only a platform key may do this.");
        return Answer.From(
            await organizations.EraseAsync(call.Organization, call.Caller.KeyId, cancellationToken),
            ErasureView.Of
        );
    }
}
