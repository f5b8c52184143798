using System.Text.Json;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Sealing;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Approvals;

internal sealed class GetApproval(IApprovalStore store, Sealer sealer) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/approvals/{approval_id}", "getApproval", "Read an approval")
        {
            Tag = "Approvals",
            Permission = Permission.ApprovalsWrite,
            Scope = Scope.Organization,
            Answer = typeof(ApprovalView),
            Query = [Field.Organization],
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.KeysUnavailable],
            Description = "arguments is the input of the call; the key that asked, and its lineage, do not get it.",
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(call.Organization, call.Route("approval_id"), cancellationToken) is not { } row)
            return new VaultError(ErrorCatalogue.NotFound, "There is no such approval.");
        if (row.Arguments is not { } closed || ApprovalDecision.Requested(call.Caller, row))
            return Answer.Ok(ApprovalView.Of(row));
        var place = SealContext.ApprovalArguments(row.Organization, row.Id);
        var opened = await sealer.OpenAsync(closed, place, cancellationToken);
        if (!opened.TryGet(out var arguments, out var error))
            return error;
        using (arguments)
            return Answer.Ok(ApprovalView.Of(row) with { Arguments = Parse(arguments) });
    }

    // Not a credential: the input that a caller sent, for the person who decides about it.
    private static JsonElement Parse(Secret arguments) => JsonElement.Parse(arguments.Reveal());
}
