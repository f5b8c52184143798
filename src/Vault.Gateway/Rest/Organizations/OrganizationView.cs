using System.Text.Json.Serialization;
using Vault.Core.Keys;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;

namespace Vault.Gateway.Rest.Organizations;

/// <param name="KeyRotation">The last rotation of the data key; only where one organization is read, and where there
/// was one.</param>
internal sealed record OrganizationView(
    string Id,
    string DisplayName,
    string? ExternalId,
    OrganizationStatus Status,
    string DestructivePolicy,
    int UserQuotaPerMinute,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] KeyRotationView? KeyRotation = null
)
{
    public static OrganizationView Of(OrganizationRow row) =>
        new(
            row.Id.Value,
            row.DisplayName,
            row.ExternalId,
            row.State.Status,
            row.State.DestructivePolicy,
            row.State.UserQuotaPerMinute,
            row.CreatedAt,
            row.UpdatedAt
        );
}

internal sealed record ErasureView(
    string OrganizationId,
    OrganizationStatus Status,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    long AccountsRevoked,
    int KeysDestroyed
)
{
    public static ErasureView Of(ErasureReceipt receipt) =>
        new(
            receipt.Organization.Value,
            receipt.Status,
            receipt.StartedAt,
            receipt.FinishedAt,
            receipt.AccountsRevoked,
            receipt.KeysDestroyed
        );
}

internal enum KeyRotationStatus
{
    /// <summary>Under way; the vault goes on by itself.</summary>
    InProgress,

    /// <summary>Rows that do not open are left; the vault tries them again every half minute.</summary>
    Blocked,

    /// <summary>Nothing is sealed under an older version.</summary>
    Finished,
}

/// <param name="KeyVersion">The version that everything is sealed under when it is finished.</param>
/// <param name="ResealedRows">Rows sealed again so far.</param>
/// <param name="BlockedRows">Kind and id of rows that do not open, at most 100; the status is blocked while there are
/// any.</param>
/// <param name="FinishedAt">Null until then.</param>
internal sealed record KeyRotationView(
    string OrganizationId,
    uint KeyVersion,
    KeyRotationStatus Status,
    long ResealedRows,
    IReadOnlyList<string> BlockedRows,
    string RequestedBy,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt
)
{
    public static KeyRotationView Of(KeyRotationRow row)
    {
        var finished = row.Phase == KeyRotationPhase.Finished;
        var status =
            finished ? KeyRotationStatus.Finished
            : row.Blocked.Count > 0 ? KeyRotationStatus.Blocked
            : KeyRotationStatus.InProgress;
        return new(
            row.Organization.Value,
            row.ToVersion,
            status,
            row.Resealed,
            row.Blocked,
            row.RequestedBy,
            row.StartedAt,
            finished ? row.ChangedAt : null
        );
    }
}
