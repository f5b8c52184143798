using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Callers;

/// <summary>What a new key should be.</summary>
public sealed record NewApiKey(
    OrganizationId? Organization,
    string Name,
    ImmutableArray<string> Permissions,
    DateTimeOffset? ExpiresAt
);

/// <summary>A new key and its text, which nobody can show a second time. Disposing zeroes the text.</summary>
public sealed record IssuedApiKey(ApiKeyRow Row, Secret Text) : IDisposable
{
    public void Dispose() => Text.Dispose();
}

/// <summary>
/// Makes, rotates and revokes keys. A key of an organization is told to that organization's ledger first (law 7).
/// </summary>
public sealed class ApiKeys(
    IApiKeyStore store,
    ILedger ledger,
    IdFactory ids,
    IEntropy entropy,
    TimeProvider time,
    CallerOptions options
)
{
    public const int NameLength = 100;

    /// <summary>The first key of a fresh installation, for an administrator.</summary>
    public async Task<Result<IssuedApiKey>> CreateFirstAsync(CancellationToken cancellationToken) =>
        await IssueAsync(
            new NewApiKey(null, "first administrator", [Permission.Admin], null),
            "system",
            cancellationToken
        );

    public async Task<Result<IssuedApiKey>> CreateAsync(
        NewApiKey wanted,
        Caller by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(by);
        if (Fault(wanted) is { } fault)
            return fault;
        // Nobody hands out more than they have, and a key of one organization makes none for another or for the
        // platform.
        var beyond = wanted.Permissions.Where(p => !by.May(p)).ToArray();
        if (beyond.Length > 0)
            return new VaultError(
                ErrorCatalogue.PermissionDenied,
                $"permissions: your own key does not have {string.Join(", ", beyond)}."
            );
        if (by.Organization is { } bound && wanted.Organization != bound)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        return await IssueAsync(wanted, by.KeyId, cancellationToken);
    }

    /// <summary>
    /// A new key with the same name and permissions; the old one goes on working for <paramref name="overlap"/>.
    /// </summary>
    public async Task<Result<IssuedApiKey>> RotateAsync(
        OrganizationId? organization,
        string id,
        TimeSpan overlap,
        Caller by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(by);
        if (overlap < TimeSpan.Zero || overlap > options.LongestOverlap)
            return VaultError.Invalid(
                "overlap_seconds",
                $"give 0 to {(long)options.LongestOverlap.TotalSeconds} seconds."
            );
        var found = await FindAsync(organization, id, cancellationToken);
        if (!found.TryGet(out var old, out var missing))
            return missing;
        var now = time.GetUtcNow();
        if (old.RevokedAt is not null || old.ExpiresAt <= now)
            return new VaultError(ErrorCatalogue.Conflict, "The key is revoked or has expired; create a new one.");
        var issued = await CreateAsync(
            new NewApiKey(old.Organization, old.Name, old.Permissions, null),
            by,
            cancellationToken
        );
        if (issued.Error is { } refused)
            return refused;
        // The new key exists before the old one ends: a crash here leaves both, never none.
        var end = old.ExpiresAt is { } earlier && earlier < now + overlap ? earlier : now + overlap;
        var failed = await RecordAsync(
            LedgerEvents.ApiKeyRotated,
            old with
            {
                ExpiresAt = end,
            },
            by.KeyId,
            cancellationToken,
            issued.Value.Row.Id
        )
            ?? (
                await ChangeAsync(
                    old,
                    row => row with { ExpiresAt = row.ExpiresAt is { } before && before < end ? before : end },
                    cancellationToken
                )
            ).Error;
        if (failed is not null)
        {
            issued.Value.Dispose();
            return failed;
        }

        return issued;
    }

    /// <summary>Answers when no host accepts the key any more (law 8).</summary>
    public async Task<Result<ApiKeyRow>> RevokeAsync(
        OrganizationId? organization,
        string id,
        Caller by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(by);
        var found = await FindAsync(organization, id, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        if (row.RevokedAt is null)
        {
            if (await RecordAsync(LedgerEvents.ApiKeyRevoked, row, by.KeyId, cancellationToken) is { } silent)
                return silent;
            var now = time.GetUtcNow();
            var changed = await ChangeAsync(row, r => r with { RevokedAt = r.RevokedAt ?? now }, cancellationToken);
            if (!changed.TryGet(out row, out var lost))
                return lost;
        }

        // A host may have read the row just before the write; it trusts that copy for the freshness lease and no
        // longer.
        await Task.Delay(options.Freshness, time, cancellationToken);
        return row;
    }

    public async Task<Result<ApiKeyRow>> FindAsync(
        OrganizationId? organization,
        string id,
        CancellationToken cancellationToken
    )
    {
        var row = IdFactory.IsId(id, ApiKeyText.IdPrefix) ? await store.FindAsync(id, cancellationToken) : null;
        return row is not null && row.Organization == organization
            ? row
            : new VaultError(ErrorCatalogue.NotFound, "There is no such API key here.");
    }

    private VaultError? Fault(NewApiKey wanted)
    {
        if (string.IsNullOrWhiteSpace(wanted.Name) || wanted.Name.Length > NameLength)
            return VaultError.Invalid("name", $"give 1 to {NameLength} characters.");
        if (wanted.Permissions.IsDefaultOrEmpty)
            return VaultError.Invalid("permissions", "name at least one; a key without permissions can do nothing.");
        if (wanted.Permissions.FirstOrDefault(p => !Permission.All.Contains(p)) is { } unknown)
            return VaultError.Invalid(
                "permissions",
                $"'{unknown}' is not one; there are {string.Join(", ", Permission.All)}."
            );
        return wanted.ExpiresAt <= time.GetUtcNow() ? VaultError.Invalid("expires_at", "lies in the past.") : null;
    }

    private async Task<Result<IssuedApiKey>> IssueAsync(
        NewApiKey wanted,
        string by,
        CancellationToken cancellationToken
    )
    {
        var secret = ApiKeyText.NewSecret(entropy);
        var row = new ApiKeyRow(
            ids.New(ApiKeyText.IdPrefix),
            wanted.Organization,
            wanted.Name,
            ApiKeyText.Hash(secret),
            "…" + secret[^4..],
            [.. wanted.Permissions.Distinct().Order(StringComparer.Ordinal)],
            1,
            time.GetUtcNow(),
            wanted.ExpiresAt,
            null,
            null
        );
        if (await RecordAsync(LedgerEvents.ApiKeyCreated, row, by, cancellationToken) is { } silent)
            return silent;
        if (await store.InsertAsync(row, cancellationToken) != WriteOutcome.Written)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        return new IssuedApiKey(row, Secret.From(ApiKeyText.Format(row.Id, secret)));
    }

    private async Task<Result<ApiKeyRow>> ChangeAsync(
        ApiKeyRow row,
        Func<ApiKeyRow, ApiKeyRow> change,
        CancellationToken cancellationToken
    )
    {
        // Compare-and-swap: a change is decided on the row it was read from, or decided again.
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var next = change(row) with { Version = row.Version + 1 };
            if (await store.UpdateAsync(next, row.Version, cancellationToken) == WriteOutcome.Written)
                return next;
            if (await store.FindAsync(row.Id, cancellationToken) is not { } again)
                break;
            row = again;
        }

        return new VaultError(ErrorCatalogue.Conflict, "The key was changed at the same time; read it and try again.");
    }

    private async ValueTask<VaultError?> RecordAsync(
        string type,
        ApiKeyRow row,
        string by,
        CancellationToken cancellationToken,
        string? successor = null
    )
    {
        // A platform key belongs to no organization's ledger.
        if (row.Organization is not { } organization)
            return null;
        var draft = LedgerEntries.ApiKey(
            ids,
            time.GetUtcNow(),
            type,
            by,
            organization,
            row.Id,
            row.Name,
            row.Permissions,
            row.ExpiresAt,
            successor
        );
        return await ledger.AppendAsync(draft, cancellationToken);
    }
}
