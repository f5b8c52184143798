using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Approvals;

internal sealed class GetApproval(IApprovalStore store) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/approvals/{approval_id}", "getApproval", "Read an approval")
        {
            Tag = "Approvals",
            Permission = Permission.ApprovalsWrite,
            Scope = Scope.Organization,
            Answer = typeof(ApprovalView),
            Query = [Field.Organization],
            Errors = [ErrorCatalogue.NotFound],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        await store.FindAsync(call.Organization, call.Route("approval_id"), cancellationToken) is { } row
            ? Answer.Ok(ApprovalView.Of(row))
            : new VaultError(ErrorCatalogue.NotFound, "There is no such approval.");
}
