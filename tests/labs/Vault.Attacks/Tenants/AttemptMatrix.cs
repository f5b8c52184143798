using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Attacks.Rig;

namespace Vault.Attacks.Tenants;

/// <summary>
/// Every operation × every place that takes an id, a name, a cursor, a handle, a link or a key for repetition ×
/// everything the victim has that fits there.
/// </summary>
internal sealed class AttemptMatrix(Contract contract, Tenant attacker, Tenant victim)
{
    // What a name may stand for: the last word decides what fits.
    private static readonly Dictionary<string, string> Fits = new()
    {
        ["cursor"] = "page_token",
        ["link"] = "token",
        ["account_id"] = "connected_account_id",
        ["connected_account"] = "connected_account_id",
        ["conversation_id"] = "execution_id",
        ["connection_id"] = "connection",
        ["api_key_id"] = "key_id",
        ["user"] = "user_id",
        ["output_handle"] = "execution_id",
        ["agent_run_id"] = "execution_id",
    };

    private readonly Dictionary<string, string> _strangers = [];
    private int _nobody;

    public IEnumerable<Attempt> All()
    {
        foreach (var route in contract.Routes)
        {
            foreach (var (name, place, _, _) in route.Parameters.Where(p => p.In is "path" or "query"))
            foreach (var (foreign, nobody) in Pairs(name))
            {
                var body = Filled(route, null, null);
                yield return new Attempt(
                    route,
                    place + " " + name,
                    route.Method,
                    Target(route, name, foreign),
                    Target(route, name, nobody),
                    body,
                    body
                );
            }

            // The victim has used this key for the same operation; the answer kept for it must not come.
            if (route.Id is "createLink" or "createConnection" or "executeTool")
            {
                var body = Filled(route, null, null);
                yield return new Attempt(
                    route,
                    "header Idempotency-Key",
                    route.Method,
                    Target(route, null, null),
                    Target(route, null, null),
                    body,
                    body,
                    "repeated-victim-" + route.Id,
                    "repeated-nobody" + ++_nobody
                );
            }

            foreach (var name in route.Properties)
            foreach (var (foreign, nobody) in Pairs(name))
                yield return new Attempt(
                    route,
                    "body " + name,
                    route.Method,
                    Target(route, null, null),
                    Target(route, null, null),
                    Filled(route, name, foreign),
                    Filled(route, name, nobody)
                );
        }
    }

    // A link's token is itself what opens it, without any key; so what is tried is one that is nearly the victim's.
    private IEnumerable<(string Foreign, string Nobody)> Pairs(string name) =>
        Fits.GetValueOrDefault(name, name) == "token"
            ? victim.Ids["token"].Select(t => (t[..^1] + (t[^1] == 'A' ? 'B' : 'A'), Nobody(t)))
        : victim.Ids.TryGetValue(Fits.GetValueOrDefault(name, name), out var ids)
            ? ids.Where(i => i is not ("sandbox" or "sandbox_key")).Select(i => (i, Nobody(i)))
        : [];

    // An id of the same form that was never given out: the random part is another. Each foreign id has one, so that the
    // attacker's own ledger tells of both alike.
    private string Nobody(string id) =>
        _strangers.TryGetValue(id, out var known) ? known : _strangers[id] = NewNobody(id);

    private string NewNobody(string id)
    {
        _nobody++;
        if (id.StartsWith("user-", StringComparison.Ordinal) || id.StartsWith("ext-", StringComparison.Ordinal))
            return id[..4] + "nobody" + _nobody;
        const string Letters = "0123456789abcdefghjkmnpqrstvwxyz";
        var tail = string.Concat(Enumerable.Range(0, 10).Select(i => Letters[(_nobody * 7 + (i * i * 13)) % 32]));
        return id.Length > 20 ? id[..^10] + tail : id + tail;
    }

    private string Target(Route route, string? name, string? value)
    {
        var path = route.Path;
        var query = new List<string>();
        foreach (var (parameter, place, required, _) in route.Parameters)
        {
            var text = parameter == name ? value! : Own(parameter);
            if (place == "path")
                path = path.Replace("{" + parameter + "}", Uri.EscapeDataString(text), StringComparison.Ordinal);
            else if (place == "query" && (required || parameter == name))
                query.Add(parameter + "=" + Uri.EscapeDataString(text));
        }

        return path + (query.Count == 0 ? "" : "?" + string.Join('&', query));
    }

    private string Own(string name) =>
        attacker.Ids.TryGetValue(Fits.GetValueOrDefault(name, name), out var ids) && ids.Count > 0
            ? name == "key_id"
                ? ids[^1]
                : ids[0]
            : name switch
            {
                "tool_name" => "sandbox_key_get_profile",
                "provider" => "sandbox_key",
                _ => "x",
            };

    private byte[]? Filled(Route route, string? name, string? value)
    {
        if (route.Body is not { } schema)
            return null;
        var required = (schema["required"] as JsonArray)?.Select(r => r!.GetValue<string>()).ToHashSet() ?? [];
        var body = new JsonObject();
        foreach (var (property, about) in schema["properties"] as JsonObject ?? [])
        {
            if (property == name)
                body[property] = value;
            else if (required.Contains(property))
                body[property] = about!["type"]?.GetValue<string>() switch
                {
                    "object" when property == "credential" => new JsonObject
                    {
                        ["type"] = "api_key",
                        ["api_key"] = "sandbox-key-0001-demo",
                    },
                    "object" => new JsonObject(),
                    "array" => new JsonArray(),
                    "integer" => 1,
                    "boolean" => false,
                    _ => about["enum"] is JsonArray values ? values[0]!.DeepClone() : Own(property),
                };
        }

        return JsonSerializer.SerializeToUtf8Bytes(body);
    }
}
