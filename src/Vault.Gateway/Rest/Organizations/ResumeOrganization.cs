using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

/// <summary>Open the gate again</summary>
internal sealed class ResumeOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/organizations/{organization_id}:resume", "resumeOrganization", "Open the gate again")
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
        // A tenant must not undo what the operator did to it, nor end itself for good with a stolen key.
        if (call.Caller.Organization is not null)
            return new VaultError(ErrorCatalogue.PermissionDenied, "Only a key of the platform may do this.");
        return Answer.From(
            await organizations.ResumeAsync(call.Organization, call.Caller.KeyId, cancellationToken),
            OrganizationView.Of
        );
    }
}
