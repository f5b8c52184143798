using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Providers;

namespace Vault.Gateway.Rest.Tools;

/// <param name="ToolsRemoved">Names that are no tools any more.</param>
/// <param name="ConnectionsChanged">Connections that named one and do so no more.</param>
internal sealed record ToolSetRemovalView(string Id, IReadOnlyList<string> ToolsRemoved, int ConnectionsChanged);

internal sealed class DeleteToolSet(ToolSetRemover remover, IPacks packs) : IRoute
{
    public Operation Operation { get; } =
        new("DELETE", "/v1/tool_sets/{tool_set}", "deleteToolSet", "Delete an imported tool set")
        {
            Tag = "Tools",
            Permission = Permission.ProvidersWrite,
            Scope = Scope.Platform,
            Writes = true,
            Answer = typeof(ToolSetRemovalView),
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.Conflict],
            Description =
                "A connection that names one of its tools is a conflict, which names the connection. The host that answers runs none of the tools any more, the others within seconds; a name that is "
                + "imported again under this set goes on with the next version.",
            Query =
            [
                Field.Flag(
                    "force",
                    "Take the names out of the connections that have them; each organization's ledger says so."
                ),
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var done = await remover.RemoveAsync(
            call.Route("tool_set"),
            call.Query.Flag("force") == true,
            call.Caller.KeyId,
            cancellationToken
        );
        if (!done.TryGet(out var receipt, out var refused))
            return refused;
        await packs.ReloadAsync(CancellationToken.None);
        return Answer.Ok(new ToolSetRemovalView(receipt.Set.Id, receipt.Set.Tools, receipt.Connections));
    }
}
