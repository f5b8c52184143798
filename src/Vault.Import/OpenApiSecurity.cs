using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Import;

/// <summary>
/// Security requirements as scope groups. A list of alternatives becomes groups of which every one must be met, each by
/// any of its scopes.
/// </summary>
internal sealed class OpenApiSecurity
{
    private const int MaxGroups = 16;
    private const int MaxScopes = 256;

    private readonly JsonElement _global;
    private readonly Dictionary<string, JsonElement> _schemes = new(StringComparer.Ordinal);

    public OpenApiSecurity(JsonSlices document)
    {
        var place = document.Has("/swagger") ? "/securityDefinitions" : "/components/securitySchemes";
        foreach (var name in document.Members(place))
            _schemes[name] = document.Read(JsonSlices.Child(place, name));
        if (_schemes.Count == 0 && document.Read(place) is { ValueKind: JsonValueKind.Object } all)
        {
            foreach (var scheme in all.EnumerateObject())
                _schemes[scheme.Name] = scheme.Value;
        }

        _global = document.Read("/security");
    }

    public IReadOnlyDictionary<string, JsonElement> Schemes => _schemes;

    /// <exception cref="NotExpressibleException">No alternative can be served by a stored credential.</exception>
    public ImmutableArray<ImmutableArray<string>> Scopes(JsonElement operation)
    {
        var requirement = operation.TryGetProperty("security", out var own) ? own : _global;
        if (requirement.ValueKind != JsonValueKind.Array || requirement.GetArrayLength() == 0)
            return [];
        var alternatives = new List<List<string>>();
        var servable = false;
        foreach (var alternative in requirement.EnumerateArray().Where(a => a.ValueKind == JsonValueKind.Object))
        {
            var schemes = alternative.EnumerateObject().ToList();
            if (schemes.Any(s => TypeOf(s.Name) == "mutualTLS"))
                continue;
            servable = true;
            var oauth = schemes.Where(s => TypeOf(s.Name) is "oauth2" or "openIdConnect").ToList();
            // A key or a password has no scopes; where the same call may also be made with a token, the token's scopes
            // are what matters here.
            if (oauth.Count == 0 && schemes.Count > 0)
                continue;
            var scopes = oauth
                .SelectMany(s =>
                    s.Value.ValueKind == JsonValueKind.Array
                        ? s.Value.EnumerateArray().Select(v => v.GetString() ?? "")
                        : []
                )
                .Where(s => s.Length > 0)
                .Distinct()
                .ToList();
            if (scopes.Count == 0)
                return [];
            alternatives.Add(scopes);
        }

        if (!servable)
            throw new NotExpressibleException(Reasons.Security, "it wants a client certificate");
        return Groups(alternatives);
    }

    /// <summary>(a and b) or (c) is met exactly where (a or c) and (b or c) are.</summary>
    public static ImmutableArray<ImmutableArray<string>> Groups(List<List<string>> alternatives)
    {
        if (alternatives.Count == 0)
            return [];
        if (alternatives[0].Count > MaxScopes)
            throw new NotExpressibleException(Reasons.Security, $"it wants more than {MaxScopes} scopes");
        var groups = alternatives[0].ConvertAll(s => ImmutableArray.Create(s));
        foreach (var alternative in alternatives.Skip(1))
        {
            // Before they are made: two lists of a hundred thousand would be all there is.
            if ((long)groups.Count * alternative.Count > MaxGroups)
                throw new NotExpressibleException(
                    Reasons.Security,
                    $"its alternatives come to more than {MaxGroups} groups of scopes"
                );
            groups =
            [
                .. groups.SelectMany(group =>
                    alternative.Select(scope => group.Contains(scope) ? group : group.Add(scope))
                ),
            ];
        }

        // A group that holds another one is met where the other is.
        return
        [
            .. groups.Where(
                (group, i) =>
                    !groups
                        .Where(
                            (other, j) => j != i && other.All(group.Contains) && (other.Length < group.Length || j < i)
                        )
                        .Any()
            ),
        ];
    }

    private string? TypeOf(string scheme) =>
        _schemes.TryGetValue(scheme, out var value) ? OpenApiDescription.Text(value, "type") : null;
}
