using Vault.Core.Callers;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Connections;

internal sealed class DeleteConnection(ConnectionRemoval removal) : IRoute
{
    public Operation Operation { get; } =
        new(
            "DELETE",
            "/v1/connections/{connection}",
            "deleteConnection",
            "Revoke a connection's accounts and delete it"
        )
        {
            Tag = "Connections",
            Permission = Permission.ConnectionsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(RemovalView),
            Description =
                "When this returns, no host uses a credential of the connection any more. Call it again to "
                + "continue after an interruption.",
            Errors = [ErrorCatalogue.ConnectionUnknown, ErrorCatalogue.Conflict],
            Query = [Field.Organization],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(
            await removal.RemoveAsync(
                call.Organization,
                call.Route("connection"),
                call.Caller.KeyId,
                cancellationToken
            ),
            done => new RemovalView(done.ConnectionId, done.AccountsDisconnected)
        );
}
