using Vault.Core.Execution;

namespace Vault.Gateway.Rest.Approvals;

internal sealed record ApprovalView(
    string Id,
    string OrganizationId,
    string ConnectedAccountId,
    string Tool,
    string InputDigest,
    string RequestedBy,
    ApprovalStatus Status,
    string? DecidedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
)
{
    public static ApprovalView Of(ApprovalRow row) =>
        new(
            row.Id,
            row.Organization.Value,
            row.Account.Value,
            row.Tool,
            row.InputDigest,
            row.RequestedBy,
            row.Status,
            row.DecidedBy,
            row.CreatedAt,
            row.ExpiresAt
        );
}
