using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Organizations;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Organizations;

internal sealed class GetOrganization(IOrganizationStore store) : IRoute
{
    public Operation Operation { get; } = new("GET", "/v1/organizations/{organization_id}", "getOrganization", "Read an organization")
    {
        Tag = "Organizations", Permission = Permission.OrganizationsRead, Scope = Scope.OrganizationUnchecked, Answer = typeof(OrganizationView),
    };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        await store.FindAsync(call.Organization, cancellationToken) is { } row ? Answer.Ok(OrganizationView.Of(row)) : new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
}
