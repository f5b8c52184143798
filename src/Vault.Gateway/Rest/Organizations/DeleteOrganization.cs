using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

/// <summary>The same as :erase.</summary>
internal sealed class DeleteOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new("DELETE", "/v1/organizations/{organization_id}", "deleteOrganization", "The same as :erase")
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(ErasureView),
            Errors = [ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable],
            Description = "Has no body.",
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
