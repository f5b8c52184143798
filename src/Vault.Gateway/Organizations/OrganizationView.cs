using Vault.Core.Organizations;

namespace Vault.Gateway.Organizations;

internal sealed record OrganizationView(
    string Id, string DisplayName, string? ExternalId, OrganizationStatus Status, string DestructivePolicy, int UserQuotaPerMinute, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static OrganizationView Of(OrganizationRow row) => new(
        row.Id.Value, row.DisplayName, row.ExternalId, row.State.Status, row.State.DestructivePolicy, row.State.UserQuotaPerMinute, row.CreatedAt, row.UpdatedAt);
}

internal sealed record ErasureView(string OrganizationId, OrganizationStatus Status, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, long AccountsRevoked, int KeysDestroyed)
{
    public static ErasureView Of(ErasureReceipt receipt) =>
        new(receipt.Organization.Value, receipt.Status, receipt.StartedAt, receipt.FinishedAt, receipt.AccountsRevoked, receipt.KeysDestroyed);
}

internal sealed record KeyVersionView(string OrganizationId, uint KeyVersion);
