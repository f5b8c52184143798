using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Connections;

internal sealed class GetConnection(ConnectionRegistry registry, PublicAddress address) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/connections/{connection}", "getConnection", "Read a connection by id or name")
        {
            Tag = "Connections",
            Permission = Permission.ConnectionsRead,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Answer = typeof(ConnectionView),
            Errors = [ErrorCatalogue.ConnectionUnknown],
            Query = [Field.Organization],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await registry.FindAsync(call.Organization, call.Route("connection"), cancellationToken);
        return found.TryGet(out var row, out _) && !call.Caller.Constraints.Allows(row.Name)
            ? new VaultError(ErrorCatalogue.ConnectionUnknown, "The key is limited to other connections.")
            : Answer.From(found, row => ConnectionView.Of(row, address));
    }
}
