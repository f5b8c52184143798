using Vault.Core.Templates;

namespace Vault.Core.Packs;

public enum PagingStyle
{
    /// <summary>A token in the answer goes into a parameter of the next request.</summary>
    Cursor,

    /// <summary>The id of the last item goes into a parameter, while the answer says there is more (Stripe).</summary>
    LastId,

    /// <summary>A count of items already seen.</summary>
    Offset,

    /// <summary>A page number, counted from 1.</summary>
    Page,

    /// <summary>RFC 8288 <c>rel="next"</c>; the URL is pinned to the pack's hosts.</summary>
    LinkHeader,

    /// <summary>A URL in the answer; pinned likewise.</summary>
    NextUrl,
}

/// <summary>How a list goes on.</summary>
public sealed record Paging
{
    public required PagingStyle Style { get; init; }

    /// <summary>The name of the parameter that carries the place to go on from.</summary>
    public string? Parameter { get; init; }

    public KeyLocation In { get; init; } = KeyLocation.Query;

    /// <summary>Where the answer keeps the next token or URL.</summary>
    public ValuePath? Next { get; init; }

    public ValuePath? Items { get; init; }

    /// <summary>Within an item.</summary>
    public ValuePath? ItemId { get; init; }

    /// <summary>A boolean; where it is false there is no next page.</summary>
    public ValuePath? HasMore { get; init; }

    /// <summary>
    /// The input property with the page size; a page shorter than it is the last (offset and page styles).
    /// </summary>
    public string? SizeFrom { get; init; }

    public int DefaultSize { get; init; }
}
