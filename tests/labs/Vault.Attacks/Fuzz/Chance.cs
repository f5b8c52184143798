namespace Vault.Attacks.Fuzz;

/// <summary>Repeatable chance: the same seed makes the same requests.</summary>
internal sealed class Chance(int seed)
{
#pragma warning disable CA5394 // Nothing secret comes from here; repeatability is the point.
    private readonly Random _random = new(seed);

    public int Below(int end) => _random.Next(end);

    public bool In(int percent) => _random.Next(100) < percent;

    public T Pick<T>(params ReadOnlySpan<T> among) => among[_random.Next(among.Length)];

    public T Of<T>(IReadOnlyList<T> among) => among[_random.Next(among.Count)];
#pragma warning restore CA5394
}
