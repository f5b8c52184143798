using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Approvals;

internal sealed class Approve(ApprovalDecision decision) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/approvals/{approval_id}:approve",
            "approve",
            "Approve one execution, for this tool, account and input, once"
        )
        {
            Tag = "Approvals",
            Permission = Permission.ApprovalsWrite,
            Scope = Scope.Organization,
            Writes = true,
            Answer = typeof(ApprovalView),
            Body = ApprovalDecision.Fields,
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.LedgerUnavailable],
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        decision.DecideAsync(call, ApprovalStatus.Approved, cancellationToken);
}
