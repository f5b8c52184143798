using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Vault.Sandbox.Api;

/// <summary>An item of the echo API; Data is the JSON object it was created from.</summary>
internal sealed record Item(long Number, string Name, string Owner, DateTimeOffset CreatedAt, JsonElement? Data)
{
    public string Id { get; } = "item-" + Number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Items in creation order. The oldest ones are removed when there are more than a benchmark needs.</summary>
internal sealed class ItemStore
{
    private const int MaxItems = 100_000;

    private readonly ConcurrentDictionary<long, Item> _items = new();
    private readonly ConcurrentDictionary<(string Subject, string Key), FirstAnswer> _answers = new();
    private readonly ConcurrentQueue<(string Subject, string Key)> _answerOrder = new();
    private readonly int _seed;
    private readonly TimeProvider _time;
    private long _last;

    public ItemStore(int seed, TimeProvider time)
    {
        (_seed, _time) = (seed, time);
        Reset();
    }

    public Item Add(string name, string owner, JsonElement? data)
    {
        var item = new Item(Interlocked.Increment(ref _last), name, owner, _time.GetUtcNow(), data);
        _items[item.Number] = item;
        _items.TryRemove(item.Number - MaxItems, out _);
        return item;
    }

    /// <summary>
    /// Adds once per subject and key. Of concurrent calls with one key exactly one creates the item; the others wait
    /// for it. Null if the key was used with another body.
    /// </summary>
    public (Item? Item, bool Duplicate) AddOnce(
        string key,
        string bodyHash,
        string name,
        string owner,
        JsonElement? data
    )
    {
        var mine = new FirstAnswer(bodyHash, new Lazy<Item>(() => Add(name, owner, data)));
        var first = _answers.GetOrAdd((owner, key), mine);
        if (ReferenceEquals(first, mine))
        {
            _answerOrder.Enqueue((owner, key));
            if (_answerOrder.Count > MaxItems && _answerOrder.TryDequeue(out var oldest))
            {
                _answers.TryRemove(oldest, out _);
            }

            return (first.Item.Value, false);
        }

        return first.BodyHash == bodyHash ? (first.Item.Value, true) : (null, true);
    }

    public Item? Find(string id) => Number(id) is { } number ? _items.GetValueOrDefault(number) : null;

    public bool Remove(string id) => Number(id) is { } number && _items.TryRemove(number, out _);

    /// <summary>
    /// Up to <paramref name="size"/> items after a number, and the number of the last one if there are more.
    /// </summary>
    public (List<Item> Items, long? Next) Page(long after, int size)
    {
        var page = new List<Item>(size);
        var last = Interlocked.Read(ref _last);
        for (var number = Math.Max(after, last - MaxItems) + 1; number <= last; number++)
        {
            if (!_items.TryGetValue(number, out var item))
            {
                continue;
            }

            if (page.Count == size)
            {
                return (page, page[^1].Number);
            }

            page.Add(item);
        }

        return (page, null);
    }

    public void Reset()
    {
        _items.Clear();
        _answers.Clear();
        _answerOrder.Clear();
        Interlocked.Exchange(ref _last, 0);
        for (var i = 1; i <= _seed; i++)
        {
            Add("Item " + i.ToString(CultureInfo.InvariantCulture), "sandbox", data: null);
        }
    }

    private static long? Number(string id) =>
        id.StartsWith("item-", StringComparison.Ordinal)
        && long.TryParse(id.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private sealed record FirstAnswer(string BodyHash, Lazy<Item> Item);
}
