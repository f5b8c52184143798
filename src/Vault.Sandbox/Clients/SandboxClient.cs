namespace Vault.Sandbox.Clients;

/// <summary>How a client may authenticate at the token, revocation and introspection endpoints.</summary>
public enum ClientAuthMethod
{
    Any,
    Basic,
    Post,
}

/// <summary>A registered OAuth client. Redirect URIs are compared character by character.</summary>
public sealed record SandboxClient
{
    public const string DemoId = "demo-client";
    public const string DemoSecret = "demo-secret";

    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    public string Name { get; init; } = "";

    public IReadOnlyList<string> RedirectUris { get; init; } = [];

    /// <summary>The scopes the client may ask for; also what it gets when it names none.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = SandboxScopes.All;

    public IReadOnlyList<string> GrantTypes { get; init; } = SandboxScopes.GrantTypes;

    public ClientAuthMethod AuthMethod { get; init; } = ClientAuthMethod.Any;

    public TokenPolicy Policy { get; init; } = new();

    /// <summary>Skip the consent page and approve everything asked for.</summary>
    public bool AutoConsent { get; init; }

    /// <summary>Who signs in under <see cref="AutoConsent"/>; null is the first configured identity.</summary>
    public string? AutoConsentSubject { get; init; }

    /// <summary>Names the client and never its secret.</summary>
    public override string ToString() => $"SandboxClient {ClientId}";

    /// <summary>Every wrong value with its field name and the fix; empty when the client can be registered.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(ClientId))
        {
            yield return "client_id is empty; give the client a name";
        }

        if (string.IsNullOrEmpty(ClientSecret))
        {
            yield return "client_secret is empty; the sandbox knows confidential clients only";
        }

        foreach (var uri in RedirectUris)
        {
            // A path alone counts as an absolute file URI on Unix, so the scheme is asked for too.
            if (
                !Uri.TryCreate(uri, UriKind.Absolute, out var parsed)
                || parsed.IsFile
                || uri.Contains('#', StringComparison.Ordinal)
            )
            {
                yield return $"redirect_uris has '{uri}'; use an absolute URI without a fragment (RFC 6749 section 3.1.2)";
            }
        }

        foreach (var grantType in GrantTypes)
        {
            if (!SandboxScopes.GrantTypes.Contains(grantType))
            {
                yield return $"grant_types has '{grantType}'; use {string.Join(", ", SandboxScopes.GrantTypes)}";
            }
        }

        foreach (var fault in Policy.Faults())
        {
            yield return "policy." + fault;
        }
    }
}
