using System.Text.Json.Serialization;
using Vault.Core.Keys;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;

namespace Vault.Gateway.Rest.Organizations;

/// <param name="KeyRotation">The last rotation of the data key, if any; only when a single organization is
/// read.</param>
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
    /// <summary>Running; the vault continues it in the background.</summary>
    InProgress,

    /// <summary>Some rows cannot be decrypted; the vault retries them every half minute.</summary>
    Blocked,

    /// <summary>No row is sealed under an older version.</summary>
    Finished,
}

/// <param name="KeyVersion">The version under which all rows are sealed once the rotation is finished.</param>
/// <param name="ResealedRows">Rows resealed so far.</param>
/// <param name="BlockedRows">Kind and id of rows that cannot be decrypted, at most 100; the status is blocked while
/// there are any.</param>
/// <param name="FinishedAt">Null until the rotation is finished.</param>
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
