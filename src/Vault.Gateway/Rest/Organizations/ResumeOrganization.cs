using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

/// <summary>Opens the organization's gate again.</summary>
internal sealed class ResumeOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/organizations/{organization_id}:resume",
            "resumeOrganization",
            "Resume a suspended organization"
        )
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(OrganizationView),
            Errors = [ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable],
            Body = [],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        // An organization must not lift its operator's suspension, and a stolen key must not erase the organization.
        if (call.Caller.Organization is not null)
            return new VaultError(ErrorCatalogue.PermissionDenied, "Only a platform key may do this.");
        return Answer.From(
            await organizations.ResumeAsync(call.Organization, call.Caller.KeyId, cancellationToken),
            OrganizationView.Of
        );
    }
}
