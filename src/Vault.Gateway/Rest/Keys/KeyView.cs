using Vault.Core.Callers;
using Vault.Core.Sealing;

namespace Vault.Gateway.Rest.Keys;

internal sealed record KeyView(
    string Id,
    string? OrganizationId,
    string Name,
    string Suffix,
    IReadOnlyList<string> Permissions,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt,
    string? MadeBy,
    ConstraintsView? Constraints
)
{
    /// <summary>Only in the response to a revocation: the keys that were revoked with it.</summary>
    public IReadOnlyList<string>? AlsoRevoked { get; init; }

    public static KeyView Of(ApiKeyRow row) =>
        new(
            row.Id,
            row.Organization?.Value,
            row.Name,
            row.Suffix,
            row.Permissions,
            row.CreatedAt,
            row.ExpiresAt,
            row.RevokedAt,
            row.LastUsedAt,
            row.MadeBy,
            ConstraintsView.Of(row.Constraints)
        );
}

/// <param name="Key">The key itself, shown only in this response.</param>
internal sealed record IssuedKeyView(
    string Id,
    string Key,
    string? OrganizationId,
    string Name,
    IReadOnlyList<string> Permissions,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    string? MadeBy,
    ConstraintsView? Constraints
)
{
    public static IssuedKeyView Of(IssuedApiKey issued)
    {
        using (issued)
            return Of(issued.Row, issued.Text);
    }

    // The only place where a key leaves the vault: in the response to its creation.
    private static IssuedKeyView Of(ApiKeyRow row, Secret text) =>
        new(
            row.Id,
            text.RevealText(),
            row.Organization?.Value,
            row.Name,
            row.Permissions,
            row.CreatedAt,
            row.ExpiresAt,
            row.MadeBy,
            ConstraintsView.Of(row.Constraints)
        );
}
