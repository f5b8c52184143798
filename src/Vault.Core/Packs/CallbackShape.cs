using System.Collections.Immutable;

namespace Vault.Core.Packs;

/// <summary>The parameters of a provider's redirect to the callback (RFC 6749 4.1.2 allows additional ones).</summary>
public sealed record CallbackShape
{
    /// <summary>The query parameter that carries the code.</summary>
    public string Code { get; init; } = "code";

    /// <summary>Captured parameters of the pack, each with the query parameter that carries it.</summary>
    public ImmutableSortedDictionary<string, string> Capture { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>
    /// Query parameters that must equal a template over the connection's parameters (Shopify's <c>shop</c>).
    /// </summary>
    public ImmutableSortedDictionary<string, string> Expect { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>
    /// The query parameter with the signature: HMAC-SHA256 in hexadecimal, keyed with the client secret, over all other
    /// parameters, sorted and joined by '&amp;' (Shopify). Null for none.
    /// </summary>
    public string? Signature { get; init; }
}
