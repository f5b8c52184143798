using Vault.Core.Callers;
using Vault.Core.Organizations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Organizations;

internal sealed class ListOrganizations(IOrganizationStore store) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/organizations", "listOrganizations", "List organizations")
        {
            Tag = "Organizations",
            Permission = Permission.OrganizationsRead,
            Scope = Scope.Platform,
            Answer = typeof(ListView<OrganizationView>),
            Query =
            [
                OrganizationFields.ExternalId with
                {
                    Description = "Only the organization with this external id.",
                },
                .. Field.Paging,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        return Answer.Ok(
            call.List(
                await store.ListAsync(call.Query.Text("external_id"), call.PageSize, cursor, cancellationToken),
                OrganizationView.Of
            )
        );
    }
}
