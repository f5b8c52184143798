using System.Collections.Immutable;

namespace Vault.Core.Packs;

public enum AuthMode
{
    /// <summary>RFC 6749 4.1 with PKCE S256 (RFC 7636).</summary>
    AuthorizationCode,

    /// <summary>RFC 6749 4.4: the connection's client acts on its own behalf.</summary>
    ClientCredentials,

    /// <summary>
    /// RFC 7523 2.1: an assertion, signed by a key pair or service account, is exchanged for an access token.
    /// </summary>
    JwtBearer,

    /// <summary>A signed app JWT is exchanged for an installation token (GitHub App).</summary>
    AppInstallation,

    /// <summary>A key in a header or in the query string.</summary>
    ApiKey,

    /// <summary>HTTP Basic (RFC 7617).</summary>
    Basic,
}

/// <summary>How a provider treats a refresh token after its use (law 5).</summary>
public enum Rotation
{
    /// <summary>There is no refresh token: a sealed credential mints a new access token on request.</summary>
    Mints,

    /// <summary>The refresh token stays valid; the response may contain a new one as well.</summary>
    Never,

    /// <summary>Rotates; the previous token stays valid for a grace period.</summary>
    Grace,

    /// <summary>Rotates; a reused token is rejected without other effects.</summary>
    SingleUse,

    /// <summary>Rotates; a reused token revokes the whole token family.</summary>
    FamilyKill,
}

/// <summary>
/// What a provider revokes when a used refresh token is presented again. Where that is no more than the grant itself, a
/// token whose use is in doubt is presented once more before the grant is given up (law 5).
/// </summary>
public enum ReuseKills
{
    /// <summary>Nothing is known. RFC 9700 4.14.2 has a server revoke the grant and no more.</summary>
    Unknown,

    /// <summary>The used token is rejected, without other effects.</summary>
    Nothing,

    /// <summary>The grant whose token it was.</summary>
    Family,

    /// <summary>Other grants of the same user too.</summary>
    User,

    /// <summary>The client, with all its grants.</summary>
    Client,
}

/// <summary>The lifetimes of a provider's grants and the rules for their refresh.</summary>
public sealed record RefreshPolicy
{
    public required Rotation Rotation { get; init; }

    /// <summary>How long a used token stays valid, with <see cref="Rotation.Grace"/>.</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>What the provider revokes when a used token is presented again after its grace period.</summary>
    public ReuseKills ReuseKills { get; init; }

    /// <summary>Where rotation and reuse are described; null when nothing was found.</summary>
    public string? Source { get; init; }

    /// <summary>How long before expiry the sweeper refreshes.</summary>
    public TimeSpan Margin { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The access token's lifetime when the response has no <c>expires_in</c>. Null: valid until the API responds with
    /// 401.
    /// </summary>
    public TimeSpan? AccessLifetime { get; init; }

    /// <summary>A refresh token expires when unused for this long; the sweeper refreshes it in time.</summary>
    public TimeSpan? IdleLifetime { get; init; }

    /// <summary>A refresh token expires this long after consent, even if it is used.</summary>
    public TimeSpan? AbsoluteLifetime { get; init; }

    /// <summary>The maximum number of concurrent refreshes against this provider, per host.</summary>
    public int Parallelism { get; init; } = 16;
}

/// <summary>
/// The description of a provider as data. A pack is read from JSON, validated, and never changes in memory.
/// </summary>
public sealed record ProviderPack
{
    public required string Id { get; init; }

    /// <summary>The pack's version; it also pins the versions of the tools.</summary>
    public required string Version { get; init; }

    public required string DisplayName { get; init; }

    public string? DocsUrl { get; init; }

    /// <summary>Loaded only in development (the sandbox).</summary>
    public bool DevelopmentOnly { get; init; }

    public required ImmutableArray<AuthMode> AuthModes { get; init; }

    public required RefreshPolicy Refresh { get; init; }

    /// <summary>Scopes that every consent requests.</summary>
    public ImmutableArray<string> DefaultScopes { get; init; } = [];

    /// <summary>The only allowed hosts of upstream calls: exact names, or <c>*.example.com</c>.</summary>
    public required ImmutableArray<string> Hosts { get; init; }

    /// <summary>
    /// The hosts of the files to which the API redirects a download. They are called without the credential.
    /// </summary>
    public ImmutableArray<string> FileHosts { get; init; } = [];

    /// <summary>Endpoints, parameters, response mapping and error rules; read by Vault.Providers only.</summary>
    public required PackDetails Details { get; init; }

    public ImmutableArray<ToolDefinition> Tools { get; init; } = [];

    /// <summary>Versions before the current one; they run for callers that pin them, and no list has them.</summary>
    public ImmutableArray<ToolDefinition> EarlierTools { get; init; } = [];

    /// <summary>
    /// Other providers whose tools also run with accounts of this provider (GitHub's three kinds of credential; a suite
    /// and its products).
    /// </summary>
    public ImmutableArray<string> ToolsOf { get; init; } = [];
}
