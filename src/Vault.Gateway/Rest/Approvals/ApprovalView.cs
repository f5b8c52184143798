using System.Text.Json;
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
    string? DecidedWith,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
)
{
    /// <summary>
    /// The input of the call, for the keys that may approve it. Null in lists, for the requesting key and its lineage,
    /// and for a request of an earlier version.
    /// </summary>
    public JsonElement? Arguments { get; init; }

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
            row.DecidedWith,
            row.CreatedAt,
            row.ExpiresAt
        );
}
