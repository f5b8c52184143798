using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Offboarding;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

/// <summary>Closes the organization's gate; returns when none of its calls runs any more.</summary>
internal sealed class SuspendOrganization(IOrganizations organizations) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/organizations/{organization_id}:suspend",
            "suspendOrganization",
            "Suspend an organization; returns when none of its calls runs any more"
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

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await organizations.SuspendAsync(call.Organization, call.Caller.KeyId, cancellationToken),
            OrganizationView.Of
        );
}
