using System.Collections.Immutable;

namespace Vault.Core.Packs;

/// <summary>
/// The endpoints and rules of a provider. URLs may contain <c>{parameter}</c> variables, which are expanded from
/// validated connection or account parameters.
/// </summary>
public sealed record PackDetails
{
    /// <summary>
    /// How well the facts of this pack are checked: verified, cross-checked, single-source or unverified.
    /// </summary>
    public string Confidence { get; init; } = "unverified";

    /// <summary>
    /// How many grants of one user the provider keeps for one client before it revokes the oldest; null when it is not
    /// documented.
    /// </summary>
    public int? GrantsPerUser { get; init; }

    /// <summary>Notes for operators, shown with the provider.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>The risks of scopes whose names do not show the risk. They override
    /// <see cref="Packs.ScopeRisks"/>.</summary>
    public ImmutableSortedDictionary<string, ScopeRisk> ScopeRisks { get; init; } =
        ImmutableSortedDictionary<string, ScopeRisk>.Empty;

    public ScopeImplications ScopeImplications { get; init; } = ScopeImplications.None;

    /// <summary>
    /// The scopes of this provider's own consent, in the order of preference, for the tools of other packs
    /// (<see cref="ProviderPack.ToolsOf"/>): of each group only these count. Empty: the consent has no scopes. Null:
    /// the
    /// scopes of those packs are this provider's as well.
    /// </summary>
    public ImmutableArray<string>? KnownScopes { get; init; }

    public ImmutableSortedDictionary<string, PackParameter> Parameters { get; init; } =
        ImmutableSortedDictionary<string, PackParameter>.Empty;

    /// <summary>Null when the provider accepts only keys.</summary>
    public OAuthShape? OAuth { get; init; }

    /// <summary>Null when the provider has no consent by OAuth 1.0a.</summary>
    public OAuth1Shape? OAuth1 { get; init; }

    /// <summary>The assertion of <see cref="AuthMode.JwtBearer"/> and <see cref="AuthMode.AppInstallation"/>.</summary>
    public AssertionShape? Assertion { get; init; }

    /// <summary>The fields of a static credential, for each mode that uses one.</summary>
    public ImmutableSortedDictionary<AuthMode, CredentialShape> Credentials { get; init; } =
        ImmutableSortedDictionary<AuthMode, CredentialShape>.Empty;

    public RevocationShape? Revocation { get; init; }

    public IntrospectionShape? Introspection { get; init; }

    /// <summary>The call that returns the identity of a credential.</summary>
    public ProbeShape? Identity { get; init; }

    /// <summary>The cheapest call that shows that a static credential works.</summary>
    public ProbeShape? Verification { get; init; }

    public required ApiShape Api { get; init; }

    /// <summary>Applied in order, before the built-in rules (RFC 6749 5.2).</summary>
    public ImmutableArray<ErrorRule> TokenErrors { get; init; } = [];

    /// <summary>Applied in order, before the built-in rules.</summary>
    public ImmutableArray<ErrorRule> ApiErrors { get; init; } = [];

    /// <summary>Headers with a retry time. The standard Retry-After is always read after these.</summary>
    public ImmutableArray<RetryAfterSource> RetryAfter { get; init; } = [];
}
