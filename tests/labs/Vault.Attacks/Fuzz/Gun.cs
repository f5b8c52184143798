using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Attacks.Rig;

namespace Vault.Attacks.Fuzz;

/// <summary>
/// Makes requests from the document: well-formed ones with known ids, then with something wrong in up to three places.
/// </summary>
internal sealed class Gun(Contract contract, Tenant tenant, string admin, Chance chance)
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 1_000,
    };
    private static readonly string[] Types =
    [
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "json",
        ";",
        "application/json;charset=utf-8",
    ];
    private static readonly (string, string)[] Odd =
    [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "same-key"),
        ("Idempotency-Key", new string('k', 300)),
        ("Accept", "text/html"),
        ("Accept", "*/*;q=abc"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Content-Encoding", "gzip"),
        ("Expect", "200-ok"),
        ("Range", "bytes=0-1"),
        ("If-Match", "*"),
        ("X-Forwarded-Host", "evil.example"),
        ("traceparent", "00-zz-zz-00"),
        ("Cookie", "a=b; vault_connect=\"x"),
        ("Authorization", "Basic eDp5"),
        ("X-Original-URL", "/v1/organizations"),
        ("Transfer-Encoding", "gzip"),
    ];

    public Shot Next()
    {
        var route = chance.Of(contract.Routes);

        // What ends the tenant itself comes seldom: it would leave little to try.
        if (
            route.Id
                is "eraseOrganization"
                    or "deleteOrganization"
                    or "suspendOrganization"
                    or "deleteConnection"
                    or "revokeConnectedAccount"
                    or "deleteConnectedAccount"
            && chance.In(90)
        )
            route = chance.Of(contract.Routes);
        var (who, key) = chance.Below(10) switch
        {
            < 5 => ("admin", admin),
            < 8 => ("tenant", tenant.Key),
            8 => ("nobody", null),
            _ => ("a stranger", Oddities.Text(chance)),
        };
        var wrongs = chance.Pick(0, 1, 1, 1, 2, 3);
        var method = route.Method;
        string? type = "application/json";
        var headers = new List<(string, string)>();
        var target = Target(route, chance.In(35) ? 1 : 0);
        byte[]? body = null;
        if (route.Body is { } schema)
        {
            var node = Body(schema);
            var broken = false;
            for (var i = 0; i < wrongs; i++)
            {
                if (chance.In(12))
                    broken = true;
                else
                    Spoil(node);
            }

            body = JsonSerializer.SerializeToUtf8Bytes(node, Plain);
            if (broken)
                body = Oddities.Broken(chance, body);
            if (chance.In(4))
                type = chance.Of(Types);
            if (chance.In(2))
                type = null;
        }
        else if (chance.In(5))
        {
            body = "{\"a\":1}"u8.ToArray();
        }

        if (chance.In(8))
            headers.Add(chance.Of(Odd));
        if (chance.In(3))
            method = chance.Pick("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FOO", "POST");
        if (chance.In(3))
            target = Garble(target);
        if (key is not null && key.Any(c => c is < ' ' or > '~'))
            key = "not-a-key";
        return new Shot(
            route,
            who,
            key,
            method,
            target,
            method is "GET" or "HEAD" && chance.In(80) ? null : body,
            type,
            headers
        );
    }

    private string Target(Route route, int wrongs)
    {
        var path = route.Path;
        foreach (var (name, place, _, _) in route.Parameters.Where(p => p.In == "path"))
            path = path.Replace(
                "{" + name + "}",
                chance.In(wrongs * 60)
                    ? Uri.EscapeDataString(Well(Oddities.Text(chance)))
                    : Uri.EscapeDataString(Known(name)),
                StringComparison.Ordinal
            );
        var query = new List<string>();
        foreach (var (name, place, required, schema) in route.Parameters.Where(p => p.In == "query"))
        {
            if (!required && !chance.In(name == "organization_id" ? 85 : 20))
                continue;
            query.Add(
                name
                    + "="
                    + Uri.EscapeDataString(
                        Well(chance.In(wrongs * 40) ? Oddities.Text(chance) : Sample(name, schema)?.ToString() ?? "")
                    )
            );
            if (chance.In(wrongs * 5))
                query.Add(query[^1]);
        }

        if (chance.In(wrongs * 15))
            query.Add(Uri.EscapeDataString(Well(Oddities.Text(chance))) + "=1");
        if (chance.In(wrongs * 5))
            query.Add(chance.Pick("%", "=", "&&", "a=%ff%fe", "[]=1", "a=%00"));
        return path + (query.Count == 0 ? "" : "?" + string.Join('&', query));
    }

    // An unpaired surrogate cannot be percent-encoded.
    private static string Well(string text) => new([.. text.Select(c => char.IsSurrogate(c) ? '\ufffd' : c)]);

    private string Known(string name) =>
        tenant.Ids.TryGetValue(name, out var ids) && ids.Count > 0
            ? chance.Of(ids)
            : name switch
            {
                "provider" => chance.Pick("sandbox", "sandbox_key", "slack"),
                "tool_name" => chance.Pick(
                    "sandbox_key_get_profile",
                    "sandbox_key_echo",
                    "sandbox_key_create_item",
                    "slack_send_message"
                ),
                _ => "x",
            };

    private JsonObject Body(JsonObject schema)
    {
        var body = new JsonObject();
        var required = (schema["required"] as JsonArray)?.Select(r => r!.GetValue<string>()).ToHashSet() ?? [];
        foreach (var (name, property) in schema["properties"] as JsonObject ?? [])
            if (required.Contains(name) || chance.In(name == "organization_id" ? 85 : 25))
                body[name] = Sample(name, (JsonObject)property!);
        return body;
    }

    private JsonNode? Sample(string name, JsonObject schema)
    {
        if (schema["enum"] is JsonArray values && values.Count > 0)
            return values[chance.Below(values.Count)]!.DeepClone();
        return schema["type"]?.GetValue<string>() switch
        {
            "string" when schema["format"] is not null => DateTimeOffset.UtcNow.AddHours(1).ToString("O"),
            "string" => name == "user_id" ? chance.Pick(tenant.Ids["user_id"][0], "service:nightly") : Known(name),
            "integer" => chance.Pick(1, 10, 1_000),
            "boolean" => chance.In(50),
            "array" => new JsonArray(chance.Pick("read", "tools:execute", "sandbox_key_get_profile")),
            "object" when name == "credential" => new JsonObject
            {
                ["type"] = "api_key",
                ["api_key"] = "sandbox-key-0001-demo",
            },
            "object" => new JsonObject(),
            _ => new JsonObject(),
        };
    }

    private void Spoil(JsonObject node)
    {
        var names = node.Select(p => p.Key).ToList();
        if (names.Count == 0 || chance.In(15))
        {
            node[Oddities.Text(chance) is { Length: > 0 } name ? name : "x"] = Oddities.Value(chance);
            return;
        }

        var at = chance.Of(names);
        if (chance.In(15))
            node.Remove(at);
        else if (node[at] is JsonObject inner && chance.In(60))
            inner[chance.Pick("type", "api_key", "extra", "id", "\0", "a.b")] = Oddities.Value(chance);
        else
            node[at] = Oddities.Value(chance);
    }

    private string Garble(string target) =>
        chance.Below(8) switch
        {
            0 => target.Replace("/v1/", "/v1//", StringComparison.Ordinal),
            1 => target.Replace("/v1/", "/V1/", StringComparison.Ordinal),
            2 => target + "/",
            3 => target + "%2f..%2f",
            4 => "/v1/../v1" + target,
            5 => target.Replace("/", "%2f", StringComparison.Ordinal)[3..].Insert(0, "/"),
            6 => target
                + (target.Contains('?', StringComparison.Ordinal) ? "&" : "?")
                + new string('q', chance.Pick(100, 2_000, 7_000)),
            _ => target + ";a=b",
        };
}
