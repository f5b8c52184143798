using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Providers.Egress;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;
using Vault.TestKit;

namespace Vault.Providers.Tests.Upstream;

/// <summary>
/// Every tool of every built-in pack turns a fitting input into a request to a pinned host, with every part of the
/// input in it.
/// </summary>
public sealed class EveryToolTests
{
    private static readonly PackCatalogue Packs = LoadedPacks.All;
    private static readonly EgressPolicy Policy = EgressPolicy.Create(
        new EgressOptions { AllowLoopback = true },
        out _
    );

    public static TheoryData<string> Tools { get; } =
    [.. Packs.All.SelectMany(p => p.Tools).Select(t => t.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Tools))]
    public async Task Maps_a_fitting_input(string name)
    {
        Assert.True(Packs.TryGetTool(name, out var tool));
        var input = JsonSerializer.SerializeToElement(Sample(tool.Definition.InputSchema));
        Assert.Empty(tool.Schema.Validate(input));
        var parameters = tool
            .Pack.Details.Parameters.Where(p => p.Value.Example is not null)
            .ToImmutableSortedDictionary(p => p.Key, p => p.Value.Example!);
        var call = new ToolCall(
            new IdFactory(TimeProvider.System, new SeededEntropy()).NewOrganization(),
            tool,
            input,
            null,
            null,
            null,
            parameters,
            "exe_key",
            SandboxRig.Soon,
            null
        );

        using var message = RequestMapper.Map(call, Policy, null, out var fault);

        Assert.True(message is not null, fault);
        var sent =
            message.RequestUri!.AbsoluteUri
            + "\n"
            + string.Join("\n", message.Headers.Select(h => h.Key + ": " + string.Join(",", h.Value)))
            + "\n"
            + (message.Content is null ? "" : await message.Content.ReadAsStringAsync());
        if (tool.Definition.Idempotency == Core.Packs.Idempotency.Key)
            Assert.Contains("exe_key", sent, StringComparison.Ordinal);
        // Texts are marked, so that one that got lost on the way is seen. Mail messages are base64, so their own test
        // looks inside.
        if (tool.Definition.Request.Body?.Fields.Any(f => f.Source.Form == Core.Packs.FieldForm.MailMessage) == true)
            return;
        var file = tool.Definition.Request.Body?.File?.Content
            ?? tool.Definition.Request.Body?.Fields.FirstOrDefault(f =>
                f.Source.Form == Core.Packs.FieldForm.Base64Bytes
            )?.Source.From;
        foreach (
            var member in input
                .EnumerateObject()
                .Where(m =>
                    m.Name != file
                    && m.Value.ValueKind == JsonValueKind.String
                    && m.Value.GetString()!.Contains("mark", StringComparison.Ordinal)
                )
        )
            Assert.Contains(member.Value.GetString()!, sent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mail_becomes_a_message_that_no_input_can_add_headers_to()
    {
        var encoded = MailMessage.Encode(
            JsonSerializer.SerializeToElement(
                new
                {
                    to = new[] { "a@example.com", "b@example.com" },
                    subject = "Grüße aus Köln, " + new string('x', 100),
                    text = "Hällo",
                }
            )
        );
        var message = Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(encoded));
        Assert.StartsWith(
            "To: a@example.com,\r\n b@example.com\r\nSubject: =?utf-8?B?",
            message,
            StringComparison.Ordinal
        );
        Assert.All(message.Split("\r\n"), line => Assert.True(line.Length <= 90, line));
        Assert.Equal("Hällo", Encoding.UTF8.GetString(Convert.FromBase64String(message.Split("\r\n\r\n")[1])));
        foreach (
            var bad in new object[]
            {
                new { to = "a@example.com\r\nBcc: x@evil.net" },
                new { to = "a@example.com", subject = "x\nBcc: y" },
                new { to = "a@example.com,b@evil.net" },
            }
        )
            Assert.Throws<InputFaultException>(() => MailMessage.Encode(JsonSerializer.SerializeToElement(bad)));
    }

    private static JsonNode Sample(JsonElement schema)
    {
        if (schema.TryGetProperty("const", out var constant))
            return JsonNode.Parse(constant.GetRawText())!;
        if (schema.TryGetProperty("enum", out var values))
            return JsonNode.Parse(values[0].GetRawText())!;
        if (!schema.TryGetProperty("type", out var type))
            return schema.TryGetProperty("anyOf", out var any) ? Sample(any[0]) : JsonValue.Create("mark");
        switch (type.GetString())
        {
            case "object":
                var result = new JsonObject();
                if (schema.TryGetProperty("properties", out var properties))
                {
                    foreach (var property in properties.EnumerateObject())
                        result[property.Name] = Sample(property.Value);
                }
                else if (schema.TryGetProperty("minProperties", out _))
                    result["Name"] = "mark";
                return result;
            case "array":
                return new JsonArray(
                    schema.TryGetProperty("items", out var items) ? Sample(items) : JsonValue.Create("mark")
                );
            case "integer" or "number":
                return JsonValue.Create(schema.TryGetProperty("minimum", out var minimum) ? minimum.GetInt32() : 1);
            case "boolean":
                return JsonValue.Create(true);
            default:
                return JsonValue.Create(Text(schema));
        }
    }

    private static string Text(JsonElement schema)
    {
        if (schema.TryGetProperty("format", out var format))
        {
            return format.GetString() switch
            {
                "email" => "a@example.com",
                "date" => "2030-01-31",
                "uri" => "https://example.com/",
                _ => "2030-01-31T09:00:00Z",
            };
        }

        if (!schema.TryGetProperty("pattern", out var pattern))
            return "markmarkmark";
        string[] tries =
        [
            "markmarkmark",
            "cus_mark1",
            "pi_mark1",
            "ch_mark1",
            "001A000001abcDEF12"[..15],
            "v0123markv",
            "abcde",
            "12345678",
            "text/mark",
            "/mark",
            "recmarkmarkmark12",
            "1234567890123",
            "11223344-a1b2-3b33-8444-def123456789",
        ];
        var regex = new System.Text.RegularExpressions.Regex(pattern.GetString()!);
        return tries.First(t => regex.IsMatch(t));
    }
}
