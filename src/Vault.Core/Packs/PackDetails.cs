using System.Collections.Immutable;

namespace Vault.Core.Packs;

/// <summary>
/// Endpoints and rules of a provider. URLs may hold <c>{parameter}</c> places filled from validated connection or
/// account parameters.
/// </summary>
public sealed record PackDetails
{
    /// <summary>
    /// How far the facts of this pack were checked: verified, cross-checked, single-source or unverified.
    /// </summary>
    public string Confidence { get; init; } = "unverified";

    /// <summary>
    /// How many grants of one person the provider keeps alive for one client before it drops the oldest; null where it
    /// says nothing.
    /// </summary>
    public int? GrantsPerUser { get; init; }

    /// <summary>What an operator should know; shown beside the provider.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>Scopes whose risk their name does not tell, or tells wrongly.</summary>
    public ImmutableSortedDictionary<string, ScopeRisk> ScopeRisks { get; init; } =
        ImmutableSortedDictionary<string, ScopeRisk>.Empty;

    public ImmutableSortedDictionary<string, PackParameter> Parameters { get; init; } =
        ImmutableSortedDictionary<string, PackParameter>.Empty;

    /// <summary>Null where the provider only takes keys.</summary>
    public OAuthShape? OAuth { get; init; }

    /// <summary>Null where there is no consent by OAuth 1.0a.</summary>
    public OAuth1Shape? OAuth1 { get; init; }

    /// <summary>The assertion of <see cref="AuthMode.JwtBearer"/> and <see cref="AuthMode.AppInstallation"/>.</summary>
    public AssertionShape? Assertion { get; init; }

    /// <summary>The fields of an own credential, per mode that takes one.</summary>
    public ImmutableSortedDictionary<AuthMode, CredentialShape> Credentials { get; init; } =
        ImmutableSortedDictionary<AuthMode, CredentialShape>.Empty;

    public RevocationShape? Revocation { get; init; }

    public IntrospectionShape? Introspection { get; init; }

    /// <summary>Who is behind a credential.</summary>
    public ProbeShape? Identity { get; init; }

    /// <summary>The cheapest call that shows that an own credential works.</summary>
    public ProbeShape? Verification { get; init; }

    public required ApiShape Api { get; init; }

    /// <summary>Judged in order, before the built-in rules (RFC 6749 5.2).</summary>
    public ImmutableArray<ErrorRule> TokenErrors { get; init; } = [];

    /// <summary>Judged in order, before the built-in rules.</summary>
    public ImmutableArray<ErrorRule> ApiErrors { get; init; } = [];

    /// <summary>Where a wait is told; the standard Retry-After is always read, after these.</summary>
    public ImmutableArray<RetryAfterSource> RetryAfter { get; init; } = [];
}
