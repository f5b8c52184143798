using Vault.Core.Catalogue;

namespace Vault.Import.Tests;

/// <summary>A document is what a stranger sends: whatever is wrong with it has an answer.</summary>
public sealed class SpoiledDocumentTests(ImportFixture fixture) : IClassFixture<ImportFixture>
{
    [Theory]
    [InlineData("")]
    [InlineData(" \n\t")]
    [InlineData("\uFEFF")]
    public void An_empty_document_is_told(string text)
    {
        var plan = Plan(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.False(plan.IsOk);
        Assert.Contains(
            "is empty",
            plan.Error!.Violations.Select(v => v.Message).Append(plan.Error.Detail).Aggregate(string.Concat),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("""{"openapi":"3.0.0","info":{"title":"\ud800","version":"1"},"paths":{"/\udc00":{}}}""")]
    [InlineData("""{"openapi":"\ud800"}""")]
    [InlineData("""{"swagger":"2.0","\ud800":1,"paths":{"/a":{"get":{"operationId":"\ud800"}}}}""")]
    public void Half_a_character_has_an_answer(string text) =>
        Assert.Null(Record.Exception(() => Plan(System.Text.Encoding.UTF8.GetBytes(text))));

    [Theory]
    [InlineData("""{"openapi":"\ud800"}""")]
    [InlineData("\uFEFF" + """{"openapi":"\udc00 x"}""")]
    public void A_surrogate_without_its_other_half_is_named(string text)
    {
        var plan = Plan(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Contains("surrogate", plan.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Cut_and_changed_documents_have_an_answer_and_no_exception()
    {
        var random = new Random(7);
        var refused = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Cases", "import")))
        {
            var whole = File.ReadAllBytes(file);
            for (var i = 0; i < 120; i++)
            {
                var bytes = whole.ToArray();
                for (var n = random.Next(1, 4); n > 0; n--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                if (i % 3 == 0)
                    bytes = bytes[..random.Next(bytes.Length)];
                if (!Plan(bytes).IsOk)
                    refused++;
            }
        }

        Assert.True(refused > 100);
    }

    [Theory]
    [InlineData("query A{", "a{", 100_000)]
    [InlineData("query A{a{... on B{", "... on B{", 100_000)]
    [InlineData("query A($a: ", "[", 100_000)]
    [InlineData("fragment F on B{", "a{", 100_000)]
    public void What_is_nested_without_end_has_an_answer_and_ends_no_process(string begin, string again, int times)
    {
        var document = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                schema = "type Query { a: Int }",
                operations = begin + string.Concat(Enumerable.Repeat(again, times)),
            }
        );
        Assert.Contains("nested too deeply", Plan(document).Error!.Detail, StringComparison.Ordinal);
        var schema = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                schema = "type Query { a: " + string.Concat(Enumerable.Repeat("[", times)),
                operations = "query A { a }",
            }
        );
        Assert.Contains("nested too deeply", Plan(schema).Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_a_type_is_a_name()
    {
        var brackets = new string('[', 40_000);
        var schema = new
        {
            __schema = new
            {
                types = new object[]
                {
                    new { name = "Query", fields = new[] { new { name = "a", type = new { name = "Int" } } } },
                    new
                    {
                        name = "In",
                        kind = "INPUT_OBJECT",
                        inputFields = new[] { new { name = "x", type = new { name = brackets } } },
                    },
                },
            },
        };
        var plan = Plan(
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { schema, operations = "query A($in: In) { a }" })
        );
        Assert.Contains(
            "with an invalid name",
            plan.Error!.Violations.Select(v => v.Message).Append(plan.Error.Detail).Aggregate(string.Concat),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_reference_of_many_steps_ends_no_process() =>
        Assert.Equal(
            ["unresolved_reference"],
            Skipped("""{"$ref":"#""" + string.Concat(Enumerable.Repeat("/a", 100_000)) + "\"}", "")
                .Select(s => s.Reason)
        );

    [Fact]
    public void A_chain_of_references_ends_no_process() =>
        Assert.Equal(
            ["schema_not_expressible"],
            Skipped(
                    """{"type":"object","properties":{"p":{"$ref":"#/components/schemas/S0"}}}""",
                    string.Join(
                        ',',
                        Enumerable
                            .Range(0, 30_000)
                            .Select(i => $"\"S{i}\":{{\"$ref\":\"#/components/schemas/S{i + 1}\"}}")
                    ) + ",\"S30000\":{\"type\":\"string\"}"
                )
                .Select(s => s.Reason)
        );

    [Fact]
    public void Parts_of_parts_of_parts_are_not_gathered_without_end() =>
        Assert.NotNull(
            Skipped(
                """{"$ref":"#/components/schemas/S0"}""",
                string.Join(
                    ',',
                    Enumerable
                        .Range(0, 8)
                        .Select(i =>
                            $"\"S{i}\":{{\"allOf\":[{string.Join(',', Enumerable.Repeat($"{{\"$ref\":\"#/components/schemas/S{i + 1}\"}}", 30))}]}}"
                        )
                ) + ",\"S8\":{\"type\":\"object\"}"
            )
        );

    [Fact]
    public void Scopes_without_end_are_refused_before_they_are_combined()
    {
        static string Scopes(char c) =>
            "{\"o\":[" + string.Join(',', Enumerable.Range(0, 40_000).Select(i => $"\"{c}{i}\"")) + "]}";
        foreach (var security in new[] { Scopes('a'), "{\"o\":[\"x\",\"y\"]}," + Scopes('a') })
        {
            var plan = Plan(
                System.Text.Encoding.UTF8.GetBytes(
                    """{"openapi":"3.0.0","servers":[{"url":"/"}],"components":{"securitySchemes":{"o":{"type":"oauth2"}}},"paths":{"/a":{"get":{"responses":{},"security":["""
                        + security
                        + "]}}}}"
                )
            ).Value;
            Assert.Equal("security_scheme", plan.Skipped.Single().Reason);
        }
    }

    [Fact]
    public void A_media_type_begins_no_header_of_its_own() =>
        Assert.Equal(
            "refused_by_pack_format",
            Plan(
                """{"openapi":"3.0.0","servers":[{"url":"/"}],"paths":{"/a":{"get":{"responses":{"200":{"content":{"text/x\r\nX-Admin: 1":{}}}}}}}}"""u8.ToArray()
            )
                .Value.Skipped.Single()
                .Reason
        );

    private List<SkippedOperation> Skipped(string body, string schemas) =>
        [
            .. Plan(
                System.Text.Encoding.UTF8.GetBytes(
                    """{"openapi":"3.0.0","servers":[{"url":"/"}],"paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":"""
                        + body
                        + """}}},"responses":{}}}},"components":{"schemas":{"""
                        + schemas
                        + "}}}"
                )
            ).Value.Skipped,
        ];

    [Fact]
    public void Fragments_do_not_grow_with_every_operation_that_spreads_them()
    {
        var fragment =
            "fragment F on Query { " + string.Concat(Enumerable.Range(0, 12_000).Select(i => $"f{i}: a ")) + "}";
        var operations = "# Asks for one.\n# And no more.\nquery Small { a }\nquery Large { ...F }\n" + fragment;
        var plan = Plan(
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { schema = "type Query { a: Int }", operations })
        ).Value;
        Assert.Equal(
            ("query Large", "schema_over_budget"),
            (plan.Skipped.Single().Operation, plan.Skipped.Single().Reason)
        );
        Assert.Equal(
            "Asks for one. And no more.",
            ImportFixture.Tool(plan, plan.Tools.Single().Name).GetProperty("description").GetString()
        );
    }

    [Theory]
    [InlineData(
        """{"discoveryVersion":"v1","baseUrl":"https://api.example.com/","resources":{"a":{"methods":{"b":7,"c":"x","d":[]}}},"methods":{"e":null}}"""
    )]
    [InlineData("""{"swagger":"2.0","host":"api.example.com","schemes":[1,{}],"paths":{"/a":{"get":{}}}}""")]
    [InlineData(
        """{"openapi":"3.0.0","servers":[1],"paths":{"/a":{"get":7,"post":{"parameters":[1],"requestBody":7,"responses":[]}}}}"""
    )]
    [InlineData("""{"schema":{"__schema":{"types":[7]}},"operations":"query A { a }"}""")]
    [InlineData("""{"schema":{"__schema":{}},"operations":"query A { a }"}""")]
    [InlineData("""{"schema":{"__schema":{"types":[{}]}},"operations":"query A { a }"}""")]
    [InlineData(
        """{"schema":{"__schema":{"types":[{"name":"Query","fields":[{"name":"a"}]}]}},"operations":"query A { a }"}"""
    )]
    [InlineData(
        """{"schema":{"__schema":{"types":[{"name":"Query","kind":"ENUM","enumValues":[{}]}]}},"operations":"query A { a }"}"""
    )]
    [InlineData(
        """{"schema":{"__schema":{"types":[{"name":"Query","fields":[{"name":"a","type":{"kind":"LIST"}}]}]}},"operations":"query A { a }"}"""
    )]
    public void What_is_of_another_form_than_its_specification_says_has_an_answer(string text) =>
        Assert.Null(Record.Exception(() => Plan(System.Text.Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Millions_of_tiny_parts_are_refused()
    {
        var text =
            "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{"
            + string.Join(',', Enumerable.Range(0, 500_100).Select(i => $"\"{i}\":1"))
            + "}}}";
        Assert.Contains(
            "more than 500000 members",
            Plan(System.Text.Encoding.UTF8.GetBytes(text)).Error!.Detail,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Places_whose_names_become_each_others_stay_apart()
    {
        var plan = Plan(
            """{"openapi":"3.0.0","servers":[{"url":"/"}],"paths":{"/a/{x-y}/b/{x_y}":{"get":{"parameters":[{"name":"x-y","in":"path","required":true,"schema":{"type":"string"}},{"name":"x_y","in":"path","required":true,"schema":{"type":"string"}}],"responses":{}}}}}"""u8.ToArray()
        ).Value;
        Assert.Empty(plan.Skipped);
        Assert.EndsWith(
            "/a/{x_y}/b/{x_y_2}",
            ImportFixture.Tool(plan, plan.Tools.Single().Name).GetProperty("request").GetProperty("url").GetString(),
            StringComparison.Ordinal
        );
    }

    private Core.Errors.Result<ImportPlan> Plan(byte[] document) =>
        new ToolImport(fixture.Packs).Plan(new ImportRequest { Provider = "sandbox_key" }, document, null);
}
