using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Import;

/// <summary>
/// Converts security requirements to scope groups. A list of alternatives becomes groups; an account must meet every
/// group, with any one of its scopes.
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

    /// <exception cref="NotExpressibleException">No alternative works with a stored credential.</exception>
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
            // A key or a password has no scopes. If the same call also accepts a token, the token's scopes are what the
            // tool requires.
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
            throw new NotExpressibleException(Reasons.Security, "it requires a client certificate");
        return Groups(alternatives);
    }

    /// <summary>(a and b) or (c) is equivalent to (a or c) and (b or c).</summary>
    public static ImmutableArray<ImmutableArray<string>> Groups(List<List<string>> alternatives)
    {
        if (alternatives.Count == 0)
            return [];
        if (alternatives[0].Count > MaxScopes)
            throw new NotExpressibleException(Reasons.Security, $"it requires more than {MaxScopes} scopes");
        var groups = alternatives[0].ConvertAll(s => ImmutableArray.Create(s));
        foreach (var alternative in alternatives.Skip(1))
        {
            // Check before the expansion: two lists of a hundred thousand scopes would exhaust the memory.
            if ((long)groups.Count * alternative.Count > MaxGroups)
                throw new NotExpressibleException(
                    Reasons.Security,
                    $"its alternatives expand to more than {MaxGroups} groups of scopes"
                );
            groups =
            [
                .. groups.SelectMany(group =>
                    alternative.Select(scope => group.Contains(scope) ? group : group.Add(scope))
                ),
            ];
        }

        // A group that contains another one is redundant: meeting the smaller one meets it.
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
