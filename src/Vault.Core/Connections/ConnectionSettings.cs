using System.Collections.Immutable;

namespace Vault.Core.Connections;

/// <summary>The settings an operator makes. They contain no secret.</summary>
public sealed record ConnectionSettings
{
    public string? ClientId { get; init; }

    /// <summary>
    /// The scopes a consent requests when its link names none. When empty, the minimum that the connection's tools need
    /// (<see cref="ScopeBundles.Active"/>).
    /// </summary>
    public ImmutableArray<string> Scopes { get; init; } = [];

    /// <summary>Increases with every change of <see cref="Scopes"/>.</summary>
    public int ScopesVersion { get; init; } = 1;

    /// <summary>The versions of the scopes: draft, staged, active and retired ones, oldest first.</summary>
    public ImmutableArray<ScopeBundle> Bundles { get; init; } = [];

    /// <summary>
    /// The redirect URI as registered at the provider; null means the vault's <c>{public_url}/oauth/callback</c>.
    /// </summary>
    public string? RedirectUri { get; init; }

    /// <summary>The allowed return URLs, compared exactly up to the query; empty allows none (law 9).</summary>
    public ImmutableArray<string> ReturnUrls { get; init; } = [];

    /// <summary>
    /// Tenant parameters of the pack (for example <c>hostname</c>), validated against the pack's pattern.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The names of the tools this connection offers; null means all of the provider, empty none.</summary>
    public ImmutableArray<string>? Tools { get; init; }

    /// <summary>Whether <c>POST /v1/proxy</c> may be used.</summary>
    public bool AllowProxy { get; init; }

    /// <summary>Raw calls other than GET and HEAD are writes, which need no approval.</summary>
    public const string ProxyWrites = "write";

    /// <summary>Raw calls other than GET and HEAD are destructive.</summary>
    public const string ProxyDestroys = "destructive";

    public string ProxyEffect { get; init; } = ProxyDestroys;

    /// <summary>The limit of executions per connection and minute; 0 means the host's default.</summary>
    public int QuotaPerMinute { get; init; }

    public bool Disabled { get; init; }

    /// <summary>The name of the application on the connect page.</summary>
    public string? AppName { get; init; }
}
