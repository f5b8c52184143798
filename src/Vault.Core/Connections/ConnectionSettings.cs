using System.Collections.Immutable;

namespace Vault.Core.Connections;

/// <summary>What an operator sets; nothing in it is secret.</summary>
public sealed record ConnectionSettings
{
    public string? ClientId { get; init; }

    /// <summary>
    /// Scopes asked for at consent when a link names none; where empty, the least that the connection's tools need
    /// (<see cref="ScopePlan"/>).
    /// </summary>
    public ImmutableArray<string> Scopes { get; init; } = [];

    /// <summary>Goes up when <see cref="Scopes"/> changes.</summary>
    public int ScopesVersion { get; init; } = 1;

    /// <summary>Versions of the scopes: prepared, staged, active and former ones, oldest first.</summary>
    public ImmutableArray<ScopeBundle> Bundles { get; init; } = [];

    /// <summary>
    /// The exact redirect URI registered at the provider; null means the vault's own
    /// <c>{public_url}/oauth/callback</c>.
    /// </summary>
    public string? RedirectUri { get; init; }

    /// <summary>URLs a link may return to, compared exactly up to the query; empty allows none (law 9).</summary>
    public ImmutableArray<string> ReturnUrls { get; init; } = [];

    /// <summary>
    /// Tenant parameters of the pack (for example <c>hostname</c>), validated against the pack's pattern.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Tool names this connection offers; null means all of the provider, empty means none.</summary>
    public ImmutableArray<string>? Tools { get; init; }

    /// <summary>Whether <c>POST /v1/proxy</c> may be used.</summary>
    public bool AllowProxy { get; init; }

    /// <summary>Executions per connection and minute; 0 means the host's default.</summary>
    public int QuotaPerMinute { get; init; }

    public bool Disabled { get; init; }

    /// <summary>The name of the application shown on the connect page.</summary>
    public string? AppName { get; init; }
}
