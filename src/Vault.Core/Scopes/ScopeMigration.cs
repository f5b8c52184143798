using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Scopes;

/// <summary>An account that needs a new consent to have all scopes of a version.</summary>
public sealed record LackingAccount(AccountRow Account, ImmutableArray<string> MissingScopes);

/// <summary>
/// A request for a version: explicit scopes, or the minimum that the tools need plus the scopes of the given risks.
/// </summary>
public sealed record BundleDraft(
    ImmutableArray<string>? Scopes,
    ImmutableArray<string>? Tools,
    ImmutableArray<ScopeRisk> Risks,
    string? Note
);

/// <summary>
/// Creates, compares, stages and activates versions of a connection's scopes.
/// </summary>
public sealed class ScopeMigration(
    ConnectionRegistry connections,
    IPacks packs,
    IAccountStore accounts,
    TimeProvider time
)
{
    public async Task<Result<AssessedBundle>> CreateAsync(
        OrganizationId organization,
        string connection,
        BundleDraft draft,
        string by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(draft);
        var found = await FindAsync(organization, connection, cancellationToken);
        if (!found.TryGet(out var known, out var missing))
            return missing;
        foreach (var tool in draft.Tools ?? [])
            if (!packs.TryGetTool(tool, known.Pack.Id, out _))
                return VaultError.Invalid("tools", $"'{tool}' is not a tool of {known.Pack.Id}");
        var scopes = draft.Scopes
            ?? ScopePlan
                .Of(known.Pack, ScopePlan.Enabled(packs, known.Pack, draft.Tools ?? known.Row.Settings.Tools))
                .With(draft.Risks);
        if (ConnectionRules.CheckScopes(scopes) is { Length: > 0 } faults)
            return ConnectionRules.Refuse(faults);
        if (scopes.IsEmpty)
            return VaultError.Invalid("scopes", "would be empty: the tools of this connection need no scopes");
        ScopeBundle? added = null;
        var changed = await connections.ChangeAsync(
            organization,
            connection,
            new ConnectionChange(
                s => ScopeBundles.Add(s, scopes, time.GetUtcNow(), by, draft.Note, out added),
                null,
                false
            ),
            by,
            cancellationToken
        );
        return changed.TryGet(out var done, out var failed) ? Assess(done.Row, known.Pack, added!) : failed;
    }

    public async Task<Result<ImmutableArray<AssessedBundle>>> ListAsync(
        OrganizationId organization,
        string connection,
        CancellationToken cancellationToken
    )
    {
        var found = await FindAsync(organization, connection, cancellationToken);
        if (!found.TryGet(out var known, out var missing))
            return missing;
        return All(known.Row, known.Pack).Select(b => Assess(known.Row, known.Pack, b)).ToImmutableArray();
    }

    /// <param name="against">The version to compare with; null for the active one.</param>
    public async Task<Result<AssessedBundle>> GetAsync(
        OrganizationId organization,
        string connection,
        int version,
        int? against,
        CancellationToken cancellationToken
    )
    {
        var found = await FindAsync(organization, connection, cancellationToken);
        if (!found.TryGet(out var known, out var missing))
            return missing;
        var all = All(known.Row, known.Pack);
        if (all.FirstOrDefault(b => b.Version == version) is not { } bundle)
            return Unknown(version);
        if (against is { } other && all.All(b => b.Version != other))
            return Unknown(other);
        return Assess(known.Row, known.Pack, bundle, against);
    }

    public async Task<Result<AssessedBundle>> StageAsync(
        OrganizationId organization,
        string connection,
        int version,
        int percent,
        string by,
        CancellationToken cancellationToken
    ) =>
        await MoveAsync(
            organization,
            connection,
            version,
            (_, s) => ScopeBundles.Stage(s, version, percent),
            by,
            cancellationToken
        );

    public async Task<Result<AssessedBundle>> ActivateAsync(
        OrganizationId organization,
        string connection,
        int version,
        string by,
        CancellationToken cancellationToken
    ) =>
        await MoveAsync(
            organization,
            connection,
            version,
            (pack, s) => ScopeBundles.Activate(s, ScopeBundles.Active(packs, pack, s), version, time.GetUtcNow(), by),
            by,
            cancellationToken
        );

    /// <summary>
    /// A page of the connection's accounts without those that have all scopes of the version. An empty page may have a
    /// next one.
    /// </summary>
    public async Task<Result<Page<LackingAccount>>> LackingAsync(
        OrganizationId organization,
        string connection,
        int version,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        var found = await FindAsync(organization, connection, cancellationToken);
        if (!found.TryGet(out var known, out var missing))
            return missing;
        if (All(known.Row, known.Pack).FirstOrDefault(b => b.Version == version) is not { } bundle)
            return Unknown(version);
        // The provider's default scopes (offline_access, openid) are often granted without being in the response.
        var wanted = bundle.Scopes.Except(known.Pack.DefaultScopes, StringComparer.Ordinal).ToList();
        var page = await accounts.ListAsync(
            organization,
            new AccountFilter(Connection: known.Row.Name),
            pageSize,
            cursor,
            cancellationToken
        );
        var lacking = page
            .Items.Where(a =>
                a.State.Status is not (AccountStatus.Revoked or AccountStatus.Disconnected or AccountStatus.PendingAuth)
            )
            .Select(a => new LackingAccount(a, a.State.Lacking(wanted, known.Pack)))
            .Where(a => a.MissingScopes.Length > 0);
        return new Page<LackingAccount>([.. lacking], page.Cursor);
    }

    private async Task<Result<AssessedBundle>> MoveAsync(
        OrganizationId organization,
        string connection,
        int version,
        Func<ProviderPack, ConnectionSettings, ConnectionSettings?> move,
        string by,
        CancellationToken cancellationToken
    )
    {
        var found = await FindAsync(organization, connection, cancellationToken);
        if (!found.TryGet(out var known, out var missing))
            return missing;
        // Decided inside the compare-and-swap: of two concurrent changes, the second decides on the row that the first
        // has written.
        var possible = true;
        var change = new ConnectionChange(s => move(known.Pack, s) is { } next ? next : Keep(s), null, false);
        var changed = await connections.ChangeAsync(organization, connection, change, by, cancellationToken);
        if (!changed.TryGet(out var done, out var failed))
            return failed;
        if (!possible)
            return Unknown(version);
        return Assess(done.Row, known.Pack, done.Row.Settings.Bundles.First(b => b.Version == version));

        ConnectionSettings Keep(ConnectionSettings settings)
        {
            possible = false;
            return settings;
        }
    }

    private async Task<Result<(ConnectionRow Row, ProviderPack Pack)>> FindAsync(
        OrganizationId organization,
        string connection,
        CancellationToken cancellationToken
    )
    {
        var found = await connections.FindAsync(organization, connection, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        if (packs.TryGet(row.Provider, out var pack))
            return (row, pack);
        return new VaultError(
            ErrorCatalogue.ProviderUnknown,
            $"The provider '{row.Provider}' of this connection is not loaded."
        );
    }

    /// <summary>All versions, including an active one that is not stored as a bundle.</summary>
    private ImmutableArray<ScopeBundle> All(ConnectionRow row, ProviderPack pack) =>
        row.Settings.Bundles.Any(b => b.Version == row.Settings.ScopesVersion)
            ? row.Settings.Bundles
            : row.Settings.Bundles.Insert(
                0,
                new ScopeBundle(
                    row.Settings.ScopesVersion,
                    ScopeBundles.Active(packs, pack, row.Settings),
                    BundleStage.Active,
                    100,
                    row.CreatedAt,
                    "system",
                    null
                )
            );

    private AssessedBundle Assess(ConnectionRow row, ProviderPack pack, ScopeBundle bundle, int? against = null)
    {
        var tools = ScopePlan.Enabled(packs, pack, row.Settings.Tools);
        var other = against is { } version
            ? All(row, pack).First(b => b.Version == version).Scopes
            : ScopeBundles.Active(packs, pack, row.Settings);
        var (requested, before) = (ScopeBundles.Chosen(pack, bundle.Scopes), ScopeBundles.Chosen(pack, other));
        var implies = pack.Details.ScopeImplications;
        return new AssessedBundle(
            bundle,
            [
                .. ScopeUnion
                    .Needless(tools.Select(t => t.Scopes), requested)
                    .Except(pack.DefaultScopes, StringComparer.Ordinal),
            ],
            [
                .. tools
                    .SelectMany(t => t.Scopes.Missing(requested, implies))
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ],
            new ScopeDiff(
                [.. requested.Except(before, StringComparer.Ordinal)],
                [.. before.Except(requested, StringComparer.Ordinal)],
                [
                    .. tools
                        .Where(t =>
                            t.Scopes.Missing(requested, implies).IsEmpty && !t.Scopes.Missing(before, implies).IsEmpty
                        )
                        .Select(t => t.Name),
                ],
                [
                    .. tools
                        .Where(t =>
                            !t.Scopes.Missing(requested, implies).IsEmpty && t.Scopes.Missing(before, implies).IsEmpty
                        )
                        .Select(t => t.Name),
                ]
            )
        );
    }

    private static VaultError Unknown(int version) =>
        new(
            ErrorCatalogue.NotFound,
            $"There is no scope bundle {version} for this operation; list the connection's scope bundles."
        );
}
