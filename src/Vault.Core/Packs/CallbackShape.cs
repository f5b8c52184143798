using System.Collections.Immutable;

namespace Vault.Core.Packs;

/// <summary>What a provider's way back carries beside code and state (RFC 6749 4.1.2 lets it add parameters).</summary>
public sealed record CallbackShape
{
    /// <summary>The query parameter that carries the code.</summary>
    public string Code { get; init; } = "code";

    /// <summary>Captured parameters of the pack, each with the query parameter it comes in.</summary>
    public ImmutableSortedDictionary<string, string> Capture { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>
    /// Query parameters that must be what a template over the connection's parameters says (Shopify's <c>shop</c>).
    /// </summary>
    public ImmutableSortedDictionary<string, string> Expect { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>
    /// The query parameter with HMAC-SHA256 in hexadecimal, keyed with the client secret, over all others sorted and
    /// joined by '&amp;' (Shopify); null for none.
    /// </summary>
    public string? Signature { get; init; }
}
