namespace Vault.Gateway.Http;

/// <summary>
/// Pages of an in-memory list that is ordered by a unique name: an item added or removed between two pages neither
/// repeats nor hides another.
/// </summary>
internal static class MemoryPages
{
    public static ListView<TView> Cut<T, TView>(
        Call call,
        IEnumerable<T> ordered,
        Func<T, string> name,
        string? cursor,
        Func<T, TView> view
    )
    {
        var (items, next) = Cut(call, ordered, name, cursor);
        return new ListView<TView>([.. items.Select(view)], next);
    }

    public static (IReadOnlyList<T> Items, string? NextPageToken) Cut<T>(
        Call call,
        IEnumerable<T> ordered,
        Func<T, string> name,
        string? cursor
    )
    {
        var rest = ordered
            .Where(item => cursor is null || string.CompareOrdinal(name(item), cursor) > 0)
            .Take(call.PageSize + 1)
            .ToList();
        var more = rest.Count > call.PageSize;
        if (more)
            rest.RemoveAt(call.PageSize);
        return (rest, more ? call.PageToken(name(rest[^1])) : null);
    }
}
