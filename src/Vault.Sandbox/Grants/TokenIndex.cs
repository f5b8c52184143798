using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Vault.Sandbox.Grants;

/// <summary>Finds tokens and families by their strings. The family decides what a token may do.</summary>
internal sealed class TokenIndex
{
    private readonly ConcurrentDictionary<string, AccessToken> _access = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, AccessToken>.AlternateLookup<ReadOnlySpan<char>> _accessBySpan;
    private readonly ConcurrentDictionary<string, RefreshToken> _refresh = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, GrantFamily> _families = new(StringComparer.Ordinal);
    private long _lastFamily;

    public TokenIndex() => _accessBySpan = _access.GetAlternateLookup<ReadOnlySpan<char>>();

    public ICollection<GrantFamily> Families => _families.Values;

    public int FamilyCount => _families.Count;

    public string NextFamilyId() =>
        "grant_"
        + Interlocked.Increment(ref _lastFamily).ToString("D8", System.Globalization.CultureInfo.InvariantCulture);

    public void Add(GrantFamily family) => _families[family.Id] = family;

    public void Add(AccessToken token) => _access[token.Value] = token;

    public void Add(RefreshToken token) => _refresh[token.Value] = token;

    public void Forget(AccessToken token) => _access.TryRemove(token.Value, out _);

    public bool TryAccess(ReadOnlySpan<char> value, [NotNullWhen(true)] out AccessToken? token) =>
        _accessBySpan.TryGetValue(value, out token);

    public bool TryRefresh(string? value, [NotNullWhen(true)] out RefreshToken? token)
    {
        token = null;
        return value is not null && _refresh.TryGetValue(value, out token);
    }

    public bool TryFamily(string id, [NotNullWhen(true)] out GrantFamily? family) =>
        _families.TryGetValue(id, out family);

    public void Clear()
    {
        _families.Clear();
        _refresh.Clear();
        _access.Clear();
    }
}
