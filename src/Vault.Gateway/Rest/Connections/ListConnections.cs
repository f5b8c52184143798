using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Connections;

internal sealed class ListConnections(IConnectionStore store, PublicAddress address) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/connections", "listConnections", "List an organization's connections")
        {
            Tag = "Connections",
            Permission = Permission.ConnectionsRead,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Answer = typeof(ListView<ConnectionView>),
            Query =
            [
                Field.Organization,
                Field.Text("provider", "Only connections of this provider.") with
                {
                    MaxLength = 64,
                },
                .. Field.Paging,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        var page = await store.ListAsync(
            call.Organization,
            call.Query.Text("provider"),
            call.PageSize,
            cursor,
            cancellationToken
        );
        return Answer.Ok(
            call.List(
                page with
                {
                    Items = [.. page.Items.Where(row => call.Caller.Constraints.Allows(row.Name))],
                },
                row => ConnectionView.Of(row, address)
            )
        );
    }
}
