using System.Text;
using System.Text.Json.Nodes;

namespace Vault.Attacks.Fuzz;

/// <summary>Values that are seldom thought of.</summary>
internal static class Oddities
{
    private static readonly string[] Texts =
    [
        "",
        " ",
        "\0",
        "a\0b",
        "\u202e",
        "\ud83d\ude00",
        "e\u0301\u0301\u0301",
        "\ufeff",
        "\u2028",
        "ß",
        "İ",
        "\r\nX-Injected: 1",
        "../../etc/passwd",
        "..%2f..",
        "%00",
        "%",
        "%zz",
        "{",
        "}",
        "{0}",
        "${jndi:ldap://x}",
        "' or '1'='1",
        "\"; drop table accounts; --",
        "<script>alert(1)</script>",
        "org_",
        "org_01hzzzzzzzzzzzzzzzzzzzzzzz",
        "ORG_01HZZZZZZZZZZZZZZZZZZZZZZZ",
        "ca_01hzzzzzzzzzzzzzzzzzzzzzzz",
        "null",
        "true",
        "-1",
        "0",
        "1e400",
        "NaN",
        "2026-13-45T99:99:99Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "http://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]/",
        "http://0x7f000001/",
        "//evil.example",
        "javascript:alert(1)",
        "https://user:pass@host/",
        "a/b",
        "a:b",
        "a b",
        "*",
        "a,b",
        ":revoke",
        "service:",
        "service:x",
        "sandbox",
        "sandbox_key",
        "sandbox_key_get_profile",
    ];

    public static string Text(Chance chance) =>
        chance.Below(12) switch
        {
            0 => new string('a', chance.Pick(64, 65, 127, 128, 129, 255, 256, 257, 1_000, 5_000)),
            1 => string.Concat(Enumerable.Repeat("\ud83d\ude00", chance.Pick(30, 64, 200))),
            2 => new string((char)chance.Below(0xD7FF), chance.Pick(1, 3)),
            _ => chance.Of(Texts),
        };

    public static JsonNode? Value(Chance chance, int depth = 0) =>
        chance.Below(13) switch
        {
            0 => null,
            1 => JsonValue.Create(chance.Pick(0, -1, 1, int.MaxValue, int.MinValue, 100_001)),
            2 => JsonNode.Parse(
                chance.Pick(
                    "1e400",
                    "-0",
                    "1.5",
                    "123456789012345678901234567890",
                    "0.0000000000000000000000001",
                    "9223372036854775808",
                    "1E2"
                )
            ),
            3 => JsonValue.Create(chance.In(50)),
            4 => new JsonArray(),
            5 => new JsonObject(),
            6 when depth < 3 => new JsonArray(Value(chance, depth + 1), Value(chance, depth + 1)),
            7 when depth < 3 => new JsonObject { [Text(chance)] = Value(chance, depth + 1) },
            8 => Deep(chance.Pick(5, 30, 63, 64, 65, 200)),
            _ => JsonValue.Create(Text(chance)),
        };

    /// <summary>Something that is no JSON, or that readers disagree about.</summary>
    public static byte[] Broken(Chance chance, byte[] good)
    {
        switch (chance.Below(11))
        {
            case 0:
                return good.Length == 0 ? [(byte)'{'] : good[..chance.Below(good.Length)];
            case 1:
                return [.. good, .. "}"u8];
            case 2:
                return [.. good, .. good];
            case 3:
                return [0xEF, 0xBB, 0xBF, .. good];
            case 4:
                return Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(good));
            case 5:
                return [.. "{\"a\":\""u8, 0xC3, 0x28, 0xFF, .. "\"}"u8];
            case 6:
                return [.. "{\"organization_id\":\"a\",\"organization_id\":\"b\"}"u8];
            case 7:
                return Encoding.UTF8.GetBytes(new string('[', chance.Pick(50, 1_000, 60_000)));
            case 8:
                return Encoding.UTF8.GetBytes(
                    "{\"display_name\":\"" + new string('x', chance.Pick(70_000, 1_100_000)) + "\"}"
                );
            case 9:
                var text = Encoding.UTF8.GetString(good);
                var quotes = Enumerable.Range(0, text.Length).Where(i => text[i] == '"').ToList();
                return quotes.Count == 0
                    ? "{\"a\":\"\\ud800\"}"u8.ToArray()
                    : Encoding.UTF8.GetBytes(text.Insert(chance.Of(quotes) + 1, chance.Pick("\\ud800", "\\udc00x")));
            default:
                var bytes = good.ToArray();
                for (var i = 0; i < 3 && bytes.Length > 0; i++)
                    bytes[chance.Below(bytes.Length)] = (byte)chance.Below(256);
                return bytes;
        }
    }

    private static JsonArray Deep(int depth)
    {
        var node = new JsonArray();
        for (var i = 1; i < depth; i++)
            node = new JsonArray(node);
        return node;
    }
}
