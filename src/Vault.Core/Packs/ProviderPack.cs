using System.Collections.Immutable;

namespace Vault.Core.Packs;

public enum AuthMode
{
    /// <summary>RFC 6749 4.1 with PKCE S256 (RFC 7636).</summary>
    AuthorizationCode,

    /// <summary>RFC 6749 4.4; the connection's client acts for itself.</summary>
    ClientCredentials,

    /// <summary>
    /// RFC 7523 2.1: a signed assertion of a key pair or service account is exchanged for an access token.
    /// </summary>
    JwtBearer,

    /// <summary>A signed app JWT mints an installation token (GitHub App).</summary>
    AppInstallation,

    /// <summary>A key in a header or in the query.</summary>
    ApiKey,

    /// <summary>RFC 7617.</summary>
    Basic,
}

/// <summary>What a provider does with a refresh token that was used (law 5).</summary>
public enum Rotation
{
    /// <summary>There is no refresh token; a sealed credential mints a new access token whenever asked.</summary>
    Mints,

    /// <summary>The same refresh token goes on working; a new one may be returned beside it.</summary>
    Never,

    /// <summary>Rotates; the previous one still works for a while.</summary>
    Grace,

    /// <summary>Rotates; presenting a used one is refused and harms nothing else.</summary>
    SingleUse,

    /// <summary>Rotates; presenting a used one kills the whole family of tokens.</summary>
    FamilyKill,
}

/// <summary>How grants of this provider live and are kept alive.</summary>
public sealed record RefreshPolicy
{
    public required Rotation Rotation { get; init; }

    /// <summary>How long a used token may be presented again, with <see cref="Rotation.Grace"/>.</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>How long before expiry the sweeper refreshes.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The access token's life where the answer has no <c>expires_in</c>; null: live until the API says 401.
    /// </summary>
    public TimeSpan? AccessLifetime { get; init; }

    /// <summary>A refresh token unused for this long dies; the sweeper keeps it alive.</summary>
    public TimeSpan? IdleLifetime { get; init; }

    /// <summary>A refresh token dies this long after consent, whatever is done.</summary>
    public TimeSpan? AbsoluteLifetime { get; init; }

    /// <summary>Refreshes at a time against this provider, per host.</summary>
    public int Parallelism { get; init; } = 16;
}

/// <summary>
/// What is known about an upstream service, as data. A pack is read from JSON, validated, and never changes in memory.
/// </summary>
public sealed record ProviderPack
{
    public required string Id { get; init; }

    /// <summary>The pack's own version; a tool's version is pinned through it.</summary>
    public required string Version { get; init; }

    public required string DisplayName { get; init; }

    public string? DocsUrl { get; init; }

    /// <summary>Loaded only in development (the sandbox).</summary>
    public bool DevelopmentOnly { get; init; }

    public required ImmutableArray<AuthMode> AuthModes { get; init; }

    public required RefreshPolicy Refresh { get; init; }

    /// <summary>Scopes always asked for.</summary>
    public ImmutableArray<string> DefaultScopes { get; init; } = [];

    /// <summary>The only hosts upstream calls may go to: exact names, or <c>*.example.com</c>.</summary>
    public required ImmutableArray<string> Hosts { get; init; }

    /// <summary>Endpoints, parameters, response mapping and error rules; read by Vault.Providers only.</summary>
    public required PackDetails Details { get; init; }

    public ImmutableArray<ToolDefinition> Tools { get; init; } = [];

    /// <summary>
    /// Providers whose tools accounts of this one run, too (GitHub's three kinds of credential, a suite and its
    /// products).
    /// </summary>
    public ImmutableArray<string> ToolsOf { get; init; } = [];
}
