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
)
{
    public KeyConstraints Constraints { get; init; } = KeyConstraints.None;
}

/// <summary>A new key and its text. The text cannot be read again later. Disposing zeroes it.</summary>
public sealed record IssuedApiKey(ApiKeyRow Row, Secret Text) : IDisposable
{
    public void Dispose() => Text.Dispose();
}

/// <summary>
/// Creates, rotates and revokes keys. Each change is recorded first (law 7), in the ledger of the key's organization or
/// of the platform. No key has more, or lives longer, than the key that made it (law 13).
/// </summary>
public sealed partial class ApiKeys(
    IApiKeyStore store,
    ILedger ledger,
    IdFactory ids,
    IEntropy entropy,
    TimeProvider time,
    CallerOptions options
)
{
    public const int NameLength = 100;

    /// <summary>The first key of a fresh installation, for an administrator. It has no end.</summary>
    public async Task<Result<IssuedApiKey>> CreateFirstAsync(CancellationToken cancellationToken) =>
        // The id is always the same, so of hosts that start at once on an empty database one creates the key; the
        // others
        // get a conflict.
        await IssueAsync(
            Operators(ApiKeyText.IdPrefix + new string('0', 26), "first administrator"),
            "system",
            cancellationToken
        )
            is { IsOk: true } made
            ? made
            : new VaultError(ErrorCatalogue.Conflict, "Another host created the first key.");

    /// <summary>A further administrator's key, for an operator who has the master key. It has no end.</summary>
    public Task<Result<IssuedApiKey>> RecoverAsync(CancellationToken cancellationToken) =>
        IssueAsync(Operators(ids.New(ApiKeyText.IdPrefix), "recovered administrator"), "operator", cancellationToken);

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
        if (by.Lineage.Length > options.DeepestLineage)
            return new VaultError(
                ErrorCatalogue.PermissionDenied,
                $"Your key has {options.DeepestLineage} makers above it; let one of them make this key."
            );
        if (!by.Constraints.Narrow(wanted.Constraints).TryGet(out var constraints, out var beyond))
            return beyond;
        var end = End(wanted.ExpiresAt, by);
        if (end.Error is { } tooLong)
            return tooLong;
        return await IssueAsync(
            Row(ids.New(ApiKeyText.IdPrefix), wanted) with
            {
                ExpiresAt = end.Value,
                MadeBy = by.KeyId,
                Ancestors = by.Lineage,
                Constraints = constraints,
            },
            by.KeyId,
            cancellationToken
        );
    }

    /// <summary>
    /// Creates a key of the same principal: same name, permissions, constraints, makers and end. The old key stays
    /// valid for <paramref name="overlap"/>.
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
        // The caller that rotates a key receives its successor.
        if (!by.Covers(old))
            return MayMore("rotate");
        var issued = await IssueAsync(
            Row(ids.New(ApiKeyText.IdPrefix), new NewApiKey(old.Organization, old.Name, old.Permissions, null)) with
            {
                // The rotating key would otherwise outlive itself in the successor.
                ExpiresAt = Earlier(old.ExpiresAt, by.ExpiresAt),
                MadeBy = by.KeyId,
                Ancestors = old.Ancestors,
                RotatedFrom = old.Principal,
                Constraints = old.Constraints,
            },
            by.KeyId,
            cancellationToken
        );
        if (issued.Error is { } refused)
            return refused;
        // The new key exists before the old one expires: a crash here leaves two valid keys, never none.
        var end = Earlier(old.ExpiresAt, now + overlap);
        var failed = await RecordAsync(
            LedgerEvents.ApiKeyRotated,
            old with
            {
                ExpiresAt = end,
            },
            by.KeyId,
            cancellationToken,
            key => key with { Successor = issued.Value.Row.Id }
        )
            ?? (
                await ChangeAsync(old, row => row with { ExpiresAt = Earlier(row.ExpiresAt, end) }, cancellationToken)
            ).Error;
        if (failed is not null)
        {
            issued.Value.Dispose();
            return failed;
        }

        return issued;
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
        if (wanted.Constraints.Fault() is { } unfit)
            return unfit;
        return wanted.ExpiresAt <= time.GetUtcNow() ? VaultError.Invalid("expires_at", "is in the past.") : null;
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) =>
        one is null || other < one ? other ?? one : one;

    private static VaultError MayMore(string verb) =>
        new(
            ErrorCatalogue.PermissionDenied,
            $"The key may do more than your own, which therefore cannot {verb} it; use a key with its permissions."
        );

    private static ApiKeyRow Row(string id, NewApiKey wanted) =>
        new(
            id,
            wanted.Organization,
            wanted.Name,
            "",
            "",
            [.. wanted.Permissions.Distinct().Order(StringComparer.Ordinal)],
            1,
            default,
            wanted.ExpiresAt,
            null,
            null
        );

    private static ApiKeyRow Operators(string id, string name) =>
        Row(id, new NewApiKey(null, name, [Permission.Admin], null));

    /// <summary>When a new key ends: as asked, within the maker's life and the longest one.</summary>
    private Result<DateTimeOffset?> End(DateTimeOffset? wanted, Caller by)
    {
        var longest = time.GetUtcNow() + options.LongestLife;
        var end = Earlier(longest, by.ExpiresAt);
        if (wanted is null || end is null || wanted <= end)
            return wanted ?? end;
        return VaultError.Invalid(
            "expires_at",
            end == longest
                ? $"is too late; a key lives at most {options.LongestLife!.Value.TotalDays:0} days, until "
                    + $"{end.Value:yyyy-MM-dd'T'HH:mm:ss'Z'}"
                : $"is after your own key's end, {end.Value:yyyy-MM-dd'T'HH:mm:ss'Z'}; no key outlives its maker"
        );
    }

    /// <summary>Makes the secret, records the key and stores it.</summary>
    private async Task<Result<IssuedApiKey>> IssueAsync(
        ApiKeyRow wanted,
        string by,
        CancellationToken cancellationToken
    )
    {
        var secret = ApiKeyText.NewSecret(entropy);
        var row = wanted with
        {
            SecretHash = ApiKeyText.Hash(secret),
            Suffix = "…" + secret[^4..],
            CreatedAt = time.GetUtcNow(),
        };
        if (await RecordAsync(LedgerEvents.ApiKeyCreated, row, by, cancellationToken) is { } unrecorded)
            return unrecorded;
        if (await store.InsertAsync(row, cancellationToken) != WriteOutcome.Written)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "organization_id: not known.");
        // A revocation of the maker for compromise stores it as revoked first and looks for the keys it made then. This
        // is the other order, so one of the two sees the other: no key of a compromised maker stays.
        if (row.MadeBy is { } maker && await store.FindAsync(maker, cancellationToken) is not { RevokedAt: null })
        {
            var now = time.GetUtcNow();
            await ChangeAsync(row, r => r with { RevokedAt = r.RevokedAt ?? now }, cancellationToken);
            return new VaultError(ErrorCatalogue.PermissionDenied, "Your own key was revoked meanwhile.");
        }

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
        Func<LedgerApiKey, LedgerApiKey>? more = null
    )
    {
        var key = new LedgerApiKey(row.Id, row.Name, row.Permissions, row.ExpiresAt)
        {
            MadeBy = row.MadeBy,
            Constraints = row.Constraints.IsNone
                ? null
                : row
                    .Constraints.Lists()
                    .Where(l => l.List is not null)
                    .ToDictionary(l => l.Name, l => l.List!.Value, StringComparer.Ordinal),
        };
        var draft = LedgerEntries.ApiKey(
            ids,
            time.GetUtcNow(),
            type,
            by,
            row.Organization ?? OrganizationId.Platform,
            more is null ? key : more(key)
        );
        return await ledger.AppendAsync(draft, cancellationToken);
    }
}
