using System.Text.Json;
using Vault.Core.Packs.Schema;

namespace Vault.Core.Tests.Packs.Schema;

public sealed class JsonSchemaTests
{
    /// <summary>Schema, input, and the pointer of the first violation; null where the input fits.</summary>
    public static TheoryData<string, string, string?> Cases { get; } =
        new()
        {
            { """{"type":"string"}""", "\"x\"", null },
            { """{"type":"string"}""", "1", "" },
            { """{"type":["string","null"]}""", "null", null },
            { """{"type":"integer"}""", "3.0", null },
            { """{"type":"integer"}""", "3.5", "" },
            { """{"type":"integer"}""", "123456789012345678901234567890", null },
            { """{"type":"number","minimum":1,"exclusiveMaximum":2}""", "1", null },
            { """{"type":"number","minimum":1,"exclusiveMaximum":2}""", "2", "" },
            { """{"type":"number","exclusiveMinimum":1,"maximum":2}""", "1", "" },
            { """{"type":"number","multipleOf":0.1}""", "0.3", null },
            { """{"type":"number","multipleOf":0.1}""", "0.35", "" },
            { """{"type":"number","minimum":0}""", "1e999", "" },
            { """{"type":"string","minLength":2,"maxLength":2}""", "\"👍👍\"", null },
            { """{"type":"string","maxLength":1}""", "\"👍👍\"", "" },
            { """{"type":"string","pattern":"^[a-z]+$"}""", "\"abc\"", null },
            { """{"type":"string","pattern":"^[a-z]+$"}""", "\"ab1\"", "" },
            { """{"type":"string","pattern":"b"}""", "\"abc\"", null },
            { """{"type":"string","format":"date-time"}""", "\"2030-01-31T09:00:00Z\"", null },
            { """{"type":"string","format":"date-time"}""", "\"2030-01-31T09:00:00.123+02:00\"", null },
            { """{"type":"string","format":"date-time"}""", "\"2030-01-31T09:00:00\"", "" },
            { """{"type":"string","format":"date-time"}""", "\"2030-02-31T09:00:00Z\"", "" },
            { """{"type":"string","format":"date"}""", "\"2030-01-31\"", null },
            { """{"type":"string","format":"date"}""", "\"31.1.2030\"", "" },
            { """{"type":"string","format":"email"}""", "\"a.b@example.com\"", null },
            { """{"type":"string","format":"email"}""", "\"a b@example.com\"", "" },
            { """{"type":"string","format":"email"}""", "\"a@b@example.com\"", "" },
            { """{"type":"string","format":"email"}""", "\"a@example.com,b@example.com\"", "" },
            { """{"type":"string","format":"uri"}""", "\"https://example.com/x?y#z\"", null },
            { """{"type":"string","format":"uri"}""", "\"/relative\"", "" },
            { """{"type":"string","format":"uuid"}""", "\"123e4567-e89b-12d3-a456-426614174000\"", null },
            { """{"type":"string","format":"uuid"}""", "\"123e4567e89b12d3a456426614174000\"", "" },
            { """{"enum":["a",1,null]}""", "1.0", null },
            { """{"enum":["a",1,null]}""", "\"b\"", "" },
            { """{"const":{"a":[1]}}""", """{"a":[1]}""", null },
            { """{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1,2]", null },
            { """{"type":"array","items":{"type":"integer"}}""", "[1,\"x\"]", "/1" },
            { """{"type":"array","maxItems":2}""", "[1,2,3]", "" },
            { """{"type":"array","uniqueItems":true}""", "[1,{\"a\":1},{\"a\":1}]", "" },
            { """{"type":"array","uniqueItems":true}""", "[1,\"1\"]", null },
            { """{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""", "{}", "/a" },
            { """{"type":"object","properties":{"a":{"type":"string"}}}""", """{"b":1}""", "/b" },
            {
                """{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}""",
                """{"b":1}""",
                null
            },
            {
                """{"type":"object","properties":{"a":{}},"additionalProperties":{"type":"integer"}}""",
                """{"b":"x"}""",
                "/b"
            },
            { """{"type":"object"}""", """{"b":1}""", null },
            { """{"type":"object","additionalProperties":false}""", """{"b":1}""", "/b" },
            {
                """{"type":"object","properties":{"o":{"type":"object","properties":{"x/y":{"type":"integer"}}}}}""",
                """{"o":{"x/y":"z"}}""",
                "/o/x~1y"
            },
            { """{"type":"object","properties":{"a":{}}}""", """{"a":1,"a":2}""", "/a" },
            { """{"type":"object","minProperties":1}""", "{}", "" },
            { """{"anyOf":[{"required":["a"]},{"required":["b"]}]}""", """{"b":1}""", null },
            { """{"anyOf":[{"required":["a"]},{"required":["b"]}]}""", """{"c":1}""", "" },
            { """{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "1", "" },
            { """{"oneOf":[{"type":"integer"},{"type":"string"}]}""", "1", null },
            {
                """{"allOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"b":{"type":"integer"}}}]}""",
                """{"a":1,"b":2}""",
                null
            },
            { """{"not":{"type":"null"}}""", "null", "" },
            {
                """{"type":"object","properties":{"t":{"$ref":"#/$defs/tree"}},"$defs":{"tree":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}}}""",
                """{"t":{"kids":[{"kids":[{"kid":1}]}]}}""",
                "/t/kids/0/kids/0/kid"
            },
            { """{"type":"object","properties":{"never":false}}""", """{"never":1}""", "/never" },
        };

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_input_fits_or_its_first_fault_is_named(string schema, string input, string? pointer)
    {
        var violations = Compile(schema).Validate(Json(input));
        if (pointer is null)
            Assert.Empty(violations);
        else
            Assert.Equal(pointer, violations[0].Path);
    }

    [Theory]
    [InlineData("""{"type":"int"}""", "/type")]
    [InlineData("""{"type":[]}""", "/type")]
    [InlineData("""{"patternProperties":{}}""", "/patternProperties")]
    [InlineData("""{"prefixItems":[]}""", "/prefixItems")]
    [InlineData("""{"if":{}}""", "/if")]
    [InlineData("""{"properties":{"a":{"unknown":1}}}""", "/properties/a/unknown")]
    [InlineData("""{"items":{"format":"ipv4"}}""", "/items/format")]
    [InlineData("""{"pattern":"("}""", "/pattern")]
    [InlineData("""{"pattern":"(a)\\1"}""", "/pattern")]
    [InlineData("""{"pattern":"(?=a)b"}""", "/pattern")]
    [InlineData("""{"minLength":-1}""", "/minLength")]
    [InlineData("""{"multipleOf":0}""", "/multipleOf")]
    [InlineData("""{"enum":[]}""", "/enum")]
    [InlineData("""{"anyOf":[]}""", "/anyOf")]
    [InlineData("""{"$ref":"https://example.com/schema"}""", "/$ref")]
    [InlineData(
        """{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}""",
        "/$defs/a"
    )]
    [InlineData("""{"properties":{"a":{}},"required":["b"]}""", "/required")]
    [InlineData("[]", "")]
    public void WhatTheSubsetLacksIsRefusedAtCompileTime(string schema, string pointer)
    {
        Assert.False(JsonSchema.TryCompile(Json(schema), closed: true, out _, out var faults));
        Assert.Contains(faults, f => f.Path == pointer);
    }

    [Fact]
    public void An_unknown_field_is_named_with_what_is_known()
    {
        var violation = Assert.Single(
            Compile("""{"type":"object","properties":{"text":{},"channel":{}}}""").Validate(Json("""{"chanel":1}"""))
        );
        Assert.Equal(("/chanel", "is unknown; known fields: channel, text"), (violation.Path, violation.Message));
    }

    [Fact]
    public void Violations_are_bounded()
    {
        var input = Json("[" + string.Join(",", Enumerable.Repeat("\"x\"", 500)) + "]");
        Assert.Equal(JsonSchema.MaxViolations, Compile("""{"items":{"type":"integer"}}""").Validate(input).Count);
    }

    [Theory]
    [InlineData("date-time", "2031-03-04T08:15:00")]
    [InlineData("date-time", "2031-03-04T08:15:00.000-0500")]
    [InlineData("date", "04/03/2031")]
    [InlineData("email", "Ada <ada@example.com>")]
    [InlineData("uri", "/relative")]
    [InlineData("uuid", "123e4567e89b12d3a456426614174000")]
    public void A_format_is_an_annotation_until_a_tool_asserts_it(string format, string value)
    {
        var schema = $$$"""{"type":"object","properties":{"at":{"type":"string","format":"{{{format}}}"} } }""";
        var input = JsonSerializer.SerializeToElement(new { at = value });
        Assert.Empty(Compile(schema, assertFormats: false).Validate(input));
        Assert.Equal("/at", Assert.Single(Compile(schema).Validate(input)).Path);
    }

    [Theory]
    [InlineData("""{"text":null,"count":null}""", "{}")]
    [InlineData("""{"text":"x","count":7.0}""", """{"text":"x","count":7}""")]
    [InlineData("""{"count":2.5e2,"ratio":2.0}""", """{"count":250,"ratio":2.0}""")]
    [InlineData("""{"list":[1.0,null,{"n":3.0,"o":null}]}""", """{"list":[1.0,null,{"n":3,"o":null}]}""")]
    [InlineData("""{"inner":{"n":null,"keep":4.0}}""", """{"inner":{"keep":4}}""")]
    [InlineData("""{"clear":null}""", """{"clear":null}""")]
    [InlineData("""{"either":9.0}""", """{"either":9}""")]
    [InlineData("""{"count":1.5,"unknown":null}""", """{"count":1.5,"unknown":null}""")]
    public void A_null_that_means_nothing_is_left_out_and_an_integer_is_written_as_one(string given, string meant)
    {
        var schema = Compile(
            """
            {"type":"object","properties":{
              "text":{"type":"string"},"count":{"type":"integer"},"ratio":{"type":"number"},
              "list":{"type":"array","items":{"properties":{"n":{"type":"integer"},"o":{}}}},
              "inner":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"},"keep":{"$ref":"#/$defs/n"}}},
              "clear":{"type":["string","null"]},"either":{"anyOf":[{"type":"string"},{"type":"integer"}]}},
             "$defs":{"n":{"type":"integer"}}}
            """
        );
        Assert.Equal(meant, schema.Normalize(Json(given)).GetRawText());
    }

    [Fact]
    public void A_null_for_a_required_input_is_no_value()
    {
        var schema = Compile("""{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}""");
        var normal = schema.Normalize(Json("""{"q":null}"""));
        Assert.Equal("/q", Assert.Single(schema.Validate(normal)).Path);
    }

    /// <summary>A pattern that would take ages with backtracking takes no time here.</summary>
    [Fact]
    public void A_hostile_pattern_is_linear() =>
        Assert.NotEmpty(Compile("""{"pattern":"^(a+)+$"}""").Validate(Json("\"" + new string('a', 100_000) + "b\"")));

    private static JsonSchema Compile(string schema, bool assertFormats = true)
    {
        Assert.True(
            JsonSchema.TryCompile(Json(schema), closed: true, assertFormats, out var compiled, out var faults),
            string.Join("; ", faults)
        );
        return compiled;
    }

    private static JsonElement Json(string text)
    {
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text));
        return JsonElement.ParseValue(ref reader);
    }
}
