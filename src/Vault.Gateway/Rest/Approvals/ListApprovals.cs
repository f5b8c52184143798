using Vault.Core.Callers;
using Vault.Core.Execution;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Approvals;

internal sealed class ListApprovals(IApprovalStore store) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/approvals", "listApprovals", "List pending and decided approvals")
        {
            Tag = "Approvals",
            Permission = Permission.ApprovalsWrite,
            Scope = Scope.Organization,
            Answer = typeof(ListView<ApprovalView>),
            Query =
            [
                Field.Organization,
                Field.Text("status", "Only approvals in this status.") with
                {
                    Values = ["pending", "approved", "denied", "used"],
                },
                .. Field.Paging,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        ApprovalStatus? status = call.Query.Text("status") is { } word
            ? Enum.Parse<ApprovalStatus>(word, ignoreCase: true)
            : null;
        return Answer.Ok(
            call.List(
                await store.ListAsync(call.Organization, status, call.PageSize, cursor, cancellationToken),
                ApprovalView.Of
            )
        );
    }
}
