using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Connections;

public enum BundleStage
{
    /// <summary>No consent requests it.</summary>
    [JsonStringEnumMemberName("draft")]
    Draft,

    /// <summary>The consents of a share of the users request it.</summary>
    [JsonStringEnumMemberName("staged")]
    Staged,

    /// <summary>Consents request it, except those of the share with a staged version.</summary>
    [JsonStringEnumMemberName("active")]
    Active,

    /// <summary>Was active before.</summary>
    [JsonStringEnumMemberName("retired")]
    Retired,
}

/// <summary>One version of a connection's scopes. Its scopes never change; a change creates another version.</summary>
/// <param name="Percent">The share of users whose consent requests it while it is staged.</param>
public sealed record ScopeBundle(
    int Version,
    ImmutableArray<string> Scopes,
    BundleStage Stage,
    int Percent,
    DateTimeOffset CreatedAt,
    string CreatedBy,
    string? Note
);

/// <summary>The scopes that a connection requests from a user.</summary>
public static class ScopeBundles
{
    /// <summary>How many versions are kept. The ledger still has the older ones.</summary>
    public const int Kept = 20;

    /// <summary>
    /// The scopes of a provider's defaults that a chosen list is completed with: they only make the grant renewable and
    /// say who signed in. Other defaults would widen what somebody chose.
    /// </summary>
    private static readonly ImmutableHashSet<string> Protocol =
    [
        "openid",
        "offline_access",
        "offline",
        "offline.access",
        "refresh_token",
    ];

    /// <summary>
    /// The scopes without a staged version: the connection's own scopes, otherwise the minimum that its tools need,
    /// without risky scopes. When the connection names neither scopes nor tools, nobody has asked to change anything:
    /// then the minimum of the tools that read.
    /// </summary>
    public static ImmutableArray<string> Active(IPacks packs, ProviderPack pack, ConnectionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(settings);
        if (!settings.Scopes.IsEmpty)
            return Chosen(pack, settings.Scopes);
        var tools = ScopePlan.Enabled(packs, pack, settings.Tools);
        return ScopePlan.Of(pack, settings.Tools is null ? tools.Where(t => t.Effect == Effect.Read) : tools).Base;
    }

    /// <summary>What a consent requests when somebody named scopes: these, and what makes the grant usable.</summary>
    public static ImmutableArray<string> Chosen(ProviderPack pack, IEnumerable<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(pack);
        return [.. scopes.Union(pack.DefaultScopes.Where(Protocol.Contains), StringComparer.Ordinal)];
    }

    /// <summary>
    /// The scopes for this user: the staged version if the user belongs to its share, otherwise the active version.
    /// </summary>
    public static ImmutableArray<string> For(IPacks packs, ProviderPack pack, ConnectionRow connection, UserId user)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return
            connection.Settings.Bundles.FirstOrDefault(b => b.Stage == BundleStage.Staged) is { } staged
            && Share(connection.Id, user) < staged.Percent
            ? Chosen(pack, staged.Scopes)
            : Active(packs, pack, connection.Settings);
    }

    /// <summary>
    /// A number from 0 to 99 for the user, the same on every host. It does not depend on the share, so a user who got
    /// the staged version keeps it while the share grows.
    /// </summary>
    public static int Share(string connectionId, UserId user)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(connectionId + "\n" + user.Value));
        return (int)(BitConverter.ToUInt32(digest, 0) % 100);
    }

    /// <summary>Adds a version as a draft.</summary>
    public static ConnectionSettings Add(
        ConnectionSettings settings,
        ImmutableArray<string> scopes,
        DateTimeOffset now,
        string by,
        string? note,
        out ScopeBundle added
    )
    {
        ArgumentNullException.ThrowIfNull(settings);
        var version = settings.Bundles.Select(b => b.Version).Append(settings.ScopesVersion).Max() + 1;
        added = new ScopeBundle(version, scopes, BundleStage.Draft, 0, now, by, note);
        return settings with { Bundles = Newest(settings.Bundles.Add(added)) };
    }

    /// <summary>
    /// Stages a version for a share of the users; 0 makes it a draft again. At most one version is staged. Null when
    /// the version does not exist or is active.
    /// </summary>
    public static ConnectionSettings? Stage(ConnectionSettings settings, int version, int percent)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Bundles.FirstOrDefault(b => b.Version == version) is not { Stage: not BundleStage.Active })
            return null;
        return settings with
        {
            Bundles =
            [
                .. settings.Bundles.Select(b =>
                    b.Version == version
                        ? b with
                        {
                            Stage = percent == 0 ? BundleStage.Draft : BundleStage.Staged,
                            Percent = percent,
                        }
                    : b.Stage == BundleStage.Staged ? b with { Stage = BundleStage.Draft, Percent = 0 }
                    : b
                ),
            ],
        };
    }

    /// <summary>
    /// Makes a version the active one. The previous scopes are kept as a retired version, even if they were not a
    /// bundle.
    /// </summary>
    public static ConnectionSettings? Activate(
        ConnectionSettings settings,
        ImmutableArray<string> before,
        int version,
        DateTimeOffset now,
        string by
    )
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Bundles.FirstOrDefault(b => b.Version == version) is not { } chosen)
            return null;
        if (chosen.Stage == BundleStage.Active)
            return settings;
        var bundles = settings.Bundles.Any(b => b.Version == settings.ScopesVersion)
            ? settings.Bundles
            : settings.Bundles.Insert(
                0,
                new ScopeBundle(settings.ScopesVersion, before, BundleStage.Active, 100, now, by, null)
            );
        bundles =
        [
            .. bundles.Select(b =>
                b.Version == version ? b with { Stage = BundleStage.Active, Percent = 100 }
                : b.Stage == BundleStage.Active ? b with { Stage = BundleStage.Retired, Percent = 0 }
                : b
            ),
        ];
        return settings with { Bundles = Newest(bundles), Scopes = chosen.Scopes, ScopesVersion = version };
    }

    /// <summary>Settings with directly set scopes: they get a new version number that no bundle has.</summary>
    public static ConnectionSettings Replace(ConnectionSettings before, ConnectionSettings after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        return after with
        {
            ScopesVersion = before.Bundles.Select(b => b.Version).Append(before.ScopesVersion).Max() + 1,
            Bundles =
            [
                .. after.Bundles.Select(b =>
                    b.Stage == BundleStage.Active ? b with { Stage = BundleStage.Retired, Percent = 0 } : b
                ),
            ],
        };
    }

    private static ImmutableArray<ScopeBundle> Newest(ImmutableArray<ScopeBundle> bundles)
    {
        var dropped = bundles
            .Where(b => b.Stage is BundleStage.Retired or BundleStage.Draft)
            .OrderBy(b => b.Version)
            .Take(Math.Max(0, bundles.Length - Kept))
            .ToHashSet();
        return [.. bundles.Where(b => !dropped.Contains(b)).OrderBy(b => b.Version)];
    }
}
