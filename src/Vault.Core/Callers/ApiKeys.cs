using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Callers;

/// <summary>A request for a new key.</summary>
public sealed record NewApiKey(
    OrganizationId? Organization,
    string Name,
    ImmutableArray<string> Permissions,
    DateTimeOffset? ExpiresAt
);

/// <summary>A new key and its text. The text cannot be read again later. Disposing zeroes it.</summary>
public sealed record IssuedApiKey(ApiKeyRow Row, Secret Text) : IDisposable
{
    public void Dispose() => Text.Dispose();
}

/// <summary>
/// Creates, rotates and revokes keys. Each change of an organization's key is recorded in its ledger first (law 7).
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
        // The id is always the same, so of hosts that start at once on an empty database one creates the key; the others
        // get a conflict.
        await IssueAsync(
            ApiKeyText.IdPrefix + new string('0', 26),
            new NewApiKey(null, "first administrator", [Permission.Admin], null),
            "system",
            cancellationToken
        )
            is { IsOk: true } made
            ? made
            : new VaultError(ErrorCatalogue.Conflict, "Another host created the first key.");

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
        // A caller grants only permissions it has itself. A key bound to an organization creates no key for another
        // organization or for the platform.
        var notGranted = wanted.Permissions.Where(p => !by.May(p)).ToArray();
        if (notGranted.Length > 0)
            return new VaultError(
                ErrorCatalogue.PermissionDenied,
                $"permissions: your own key does not have {string.Join(", ", notGranted)}."
            );
        if (by.Organization is { } bound && wanted.Organization != bound)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        return await IssueAsync(wanted, by.KeyId, cancellationToken);
    }

    /// <summary>
    /// Creates a key with the same name and permissions. The old key stays valid for <paramref name="overlap"/>.
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
        // The new key exists before the old one expires: a crash here leaves two valid keys, never none.
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

    /// <summary>Returns after every host has stopped accepting the key (law 8).</summary>
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
            if (await RecordAsync(LedgerEvents.ApiKeyRevoked, row, by.KeyId, cancellationToken) is { } unrecorded)
                return unrecorded;
            var now = time.GetUtcNow();
            var changed = await ChangeAsync(row, r => r with { RevokedAt = r.RevokedAt ?? now }, cancellationToken);
            if (!changed.TryGet(out row, out var lost))
                return lost;
        }

        // Another host may have read the row just before the write. It trusts that copy for the freshness period only,
        // so wait for that period.
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
            return VaultError.Invalid("permissions", "give at least one; a key without permissions can do nothing.");
        if (wanted.Permissions.FirstOrDefault(p => !Permission.All.Contains(p)) is { } unknown)
            return VaultError.Invalid(
                "permissions",
                $"'{unknown}' is not a permission; the permissions are {string.Join(", ", Permission.All)}."
            );
        return wanted.ExpiresAt <= time.GetUtcNow() ? VaultError.Invalid("expires_at", "is in the past.") : null;
    }

    private Task<Result<IssuedApiKey>> IssueAsync(NewApiKey wanted, string by, CancellationToken cancellationToken) =>
        IssueAsync(ids.New(ApiKeyText.IdPrefix), wanted, by, cancellationToken);

    private async Task<Result<IssuedApiKey>> IssueAsync(
        string id,
        NewApiKey wanted,
        string by,
        CancellationToken cancellationToken
    )
    {
        var secret = ApiKeyText.NewSecret(entropy);
        var row = new ApiKeyRow(
            id,
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
        if (await RecordAsync(LedgerEvents.ApiKeyCreated, row, by, cancellationToken) is { } unrecorded)
            return unrecorded;
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
        // Compare-and-swap: a change is written only onto the row it was computed from; otherwise compute it again.
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
