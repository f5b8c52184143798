using Vault.Core.Templates;

namespace Vault.Core.Packs;

public enum PagingStyle
{
    /// <summary>A token in the response becomes a parameter of the next request.</summary>
    Cursor,

    /// <summary>The id of the last item becomes a parameter while the response says there is more (Stripe).</summary>
    LastId,

    /// <summary>The number of items already read.</summary>
    Offset,

    /// <summary>A page number, counted from 1.</summary>
    Page,

    /// <summary>RFC 8288 <c>rel="next"</c>; the URL is pinned to the pack's hosts.</summary>
    LinkHeader,

    /// <summary>A URL in the response; also pinned to the pack's hosts.</summary>
    NextUrl,
}

/// <summary>How to request the next page of a list.</summary>
public sealed record Paging
{
    public required PagingStyle Style { get; init; }

    /// <summary>The name of the parameter with the position of the next page.</summary>
    public string? Parameter { get; init; }

    public KeyLocation In { get; init; } = KeyLocation.Query;

    /// <summary>The path of the next token or URL in the response.</summary>
    public ValuePath? Next { get; init; }

    public ValuePath? Items { get; init; }

    /// <summary>The path of the id within an item.</summary>
    public ValuePath? ItemId { get; init; }

    /// <summary>The path of a boolean; false means there is no next page.</summary>
    public ValuePath? HasMore { get; init; }

    /// <summary>
    /// The input property with the page size. A shorter page is the last one (offset and page styles).
    /// </summary>
    public string? SizeFrom { get; init; }

    public int DefaultSize { get; init; }
}
