using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.Providers;

namespace Vault.Gateway.Rest.Tools;

/// <param name="ToolsRemoved">Names that are no longer tools.</param>
/// <param name="ConnectionsChanged">Connections from which a removed name was taken out.</param>
internal sealed record ToolSetRemovalView(string Id, IReadOnlyList<string> ToolsRemoved, int ConnectionsChanged);

internal sealed class DeleteToolSet(ToolSetRemover remover, IPacks packs, PlatformLedger ledger) : IRoute
{
    public Operation Operation { get; } =
        new("DELETE", "/v1/tool_sets/{tool_set}", "deleteToolSet", "Delete an imported tool set")
        {
            Tag = "Tools",
            Permission = Permission.ProvidersWrite,
            Scope = Scope.Platform,
            Writes = true,
            Answer = typeof(ToolSetRemovalView),
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.Conflict, ErrorCatalogue.LedgerUnavailable],
            Description =
                "If a connection names one of its tools, the result is a conflict that names the connection. The "
                + "responding host no longer runs the tools; the others stop within seconds. A name that is "
                + "imported again under this set continues with the next version.",
            Query =
            [
                Field.Flag(
                    "force",
                    "Remove the names from the connections that have them; each organization's ledger records it."
                ),
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var entry = new { tool_set = call.Route("tool_set"), force = call.Query.Flag("force") == true };
        if (
            await ledger.RecordAsync(LedgerEvents.ToolSetDeleted, call.Caller.KeyId, entry, cancellationToken) is
            { } unrecorded
        )
            return unrecorded;
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
