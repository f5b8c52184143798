using System.Text.Json;
using Vault.Core.Catalogue;
using Vault.Core.Packs;

namespace Vault.Import.Tests;

public sealed class OpenApiImportTests(ImportFixture fixture) : IClassFixture<ImportFixture>
{
    private const string Orchard = "orchard.openapi.json";

    [Fact]
    public void A_document_of_an_unknown_provider_makes_its_pack_and_its_tools()
    {
        var plan = fixture.Plan(Orchard, "orchard");
        var pack = ImportFixture.Load(plan.NewPack!, plan.Set);
        Assert.Equal(
            ("orchard", "https://api.eu.orchard.example.com/v2", Rotation.FamilyKill),
            (pack.Id, pack.Details.Api.BaseUrl.Source, pack.Refresh.Rotation)
        );
        Assert.Equal([AuthMode.AuthorizationCode, AuthMode.ApiKey], pack.AuthModes.ToArray());
        Assert.Equal(["api.eu.orchard.example.com", "login.orchard.example.com"], pack.Hosts.ToArray());
        Assert.Equal(
            [
                "DELETE /trees/{tree-id} orchard_delete_trees_fell",
                "GET /rows/{row}/trees orchard_list_rows_trees_by_row",
                "GET /trees orchard_list_trees",
                "GET /trees/{tree-id} orchard_get_trees",
                "PATCH /rows/{row}/trees orchard_set_rows_trees",
                "POST /photos orchard_upload_photos",
                "POST /search orchard_search",
                "POST /trees orchard_create_plant_tree",
                "POST /trees/{tree-id}/revoke orchard_revoke_trees",
            ],
            plan.Tools.Select(t => t.Operation + " " + t.Name).Order(StringComparer.Ordinal)
        );
        Assert.Equal(plan.Tools.Select(t => t.Name), pack.Tools.Select(t => t.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_cannot_be_expressed_is_refused_with_its_reason()
    {
        var plan = fixture.Plan(Orchard, "orchard");
        Assert.Equal(
            [
                "GET /old deprecated",
                "GET /session cookie_parameter",
                "GET /trees/{tree-id}/revoke get_that_changes",
                "GET /watch answer_stream",
                "HEAD /trees/{tree-id} method",
                "POST /broken unresolved_reference",
                "POST /mail host_not_covered",
                "POST /soap body_media_type",
                "POST /watch callback",
                "PUT /photos multipart_file_mapping",
            ],
            plan.Skipped.Select(s => $"{s.Operation} {s.Reason}").Order(StringComparer.Ordinal)
        );
        Assert.Equal(plan.Operations, plan.Tools.Length + plan.Skipped.Length);
        Assert.All(plan.Skipped, s => Assert.NotEmpty(s.Detail));
    }

    [Fact]
    public void Scopes_effect_and_idempotency_come_from_the_document_and_the_method()
    {
        var tools = fixture.Plan(Orchard, "orchard").Tools.ToDictionary(t => t.Operation);
        Assert.Equal("trees:read", string.Join('&', tools["GET /trees"].Scopes.Select(g => string.Join('|', g))));
        // (trees:write and rows:read) or orchard:all
        Assert.Equal(
            "trees:write|orchard:all&rows:read|orchard:all",
            string.Join('&', tools["POST /trees"].Scopes.Select(g => string.Join('|', g)))
        );
        Assert.Empty(tools["POST /photos"].Scopes);
        Assert.Equal(
            (Effect.Read, Effect.Write, Effect.Destructive),
            (tools["GET /trees"].Effect, tools["POST /trees"].Effect, tools["DELETE /trees/{tree-id}"].Effect)
        );
        Assert.Equal(
            (Effect.Read, Effect.Destructive),
            (tools["POST /search"].Effect, tools["POST /trees/{tree-id}/revoke"].Effect)
        );
        var plant = Tool("POST /trees");
        Assert.Equal(
            ("key", "Idempotency-Key"),
            (
                plant.GetProperty("idempotency").GetString(),
                plant.GetProperty("request").GetProperty("idempotency_key").GetProperty("name").GetString()
            )
        );
        Assert.False(
            plant.GetProperty("input_schema").GetProperty("properties").TryGetProperty("Idempotency_Key", out _)
        );
    }

    [Fact]
    public void Schemas_are_merged_hoisted_and_freed_of_what_has_no_word_here()
    {
        var schema = Tool("POST /trees").GetProperty("input_schema");
        Assert.Equal(
            ["X_Trace", "kind", "rootstock_code", "second_kind", "height", "grafts"],
            schema.GetProperty("properties").EnumerateObject().Select(p => p.Name)
        );
        // Used twice, and used by itself; what only the provider writes is not asked for.
        Assert.Equal(["Graft", "Kind"], schema.GetProperty("$defs").EnumerateObject().Select(p => p.Name));
        Assert.Equal("[\"kind\"]", schema.GetProperty("required").GetRawText());
        Assert.Equal(
            "{\"type\":[\"string\",\"null\"]}",
            schema.GetProperty("properties").GetProperty("rootstock_code").GetRawText()
        );
        Assert.Equal(
            "{\"type\":\"number\",\"exclusiveMinimum\":0}",
            schema.GetProperty("properties").GetProperty("height").GetRawText()
        );
        Assert.Equal(
            "rootstock_code",
            Tool("POST /trees")
                .GetProperty("request")
                .GetProperty("body")
                .GetProperty("fields")
                .GetProperty("/rootstock.code")
                .GetString()
        );
        Assert.Equal(
            "/trees/{tree_id}",
            Tool("GET /trees/{tree-id}").GetProperty("request").GetProperty("url").GetString()
        );
        Assert.Equal(
            "raw",
            Tool("PATCH /rows/{row}/trees").GetProperty("request").GetProperty("body").GetProperty("format").GetString()
        );
    }

    [Fact]
    public void Query_forms_and_files_become_inputs()
    {
        var query = Tool("GET /trees").GetProperty("request").GetProperty("query");
        Assert.Equal("comma", query.GetProperty("kind").GetProperty("form").GetString());
        Assert.Equal(
            ("planted_after", "planted_before"),
            (query.GetProperty("planted[after]").GetString(), query.GetProperty("planted[before]").GetString())
        );
        Assert.False(query.TryGetProperty("matrix", out _));
        var photo = Tool("POST /photos");
        Assert.Equal(
            "{\"part\":\"photo\",\"content\":\"photo_base64\",\"base64\":true,\"file_name\":\"photo_name\"}",
            photo.GetProperty("request").GetProperty("body").GetProperty("file").GetRawText()
        );
        Assert.Equal(
            ["title", "photo_base64", "photo_name"],
            photo.GetProperty("input_schema").GetProperty("required").EnumerateArray().Select(r => r.GetString())
        );
    }

    [Fact]
    public void Descriptions_lose_their_markup_and_end_with_a_sentence()
    {
        var text = Tool("GET /trees").GetProperty("description").GetString()!;
        Assert.StartsWith(
            "List trees. Lists every tree of the orchard. See the guide for filters. This sentence",
            text,
            StringComparison.Ordinal
        );
        Assert.EndsWith("It is a pity.", text, StringComparison.Ordinal);
        Assert.Equal("Short.", Sentences.Cut("Short. " + new string('x', 200), 20));
        Assert.Equal("one two …", Sentences.Cut("one two three four", 12));
        Assert.Equal("Use e.g. this one.", Sentences.Cut("Use e.g. this one. Not that one at all.", 24));
    }

    [Fact]
    public void The_same_document_gives_the_same_names_in_any_order_and_keeps_those_it_gave_before()
    {
        var plan = fixture.Plan(Orchard, "orchard");
        using var document = JsonDocument.Parse(ImportFixture.Document(Orchard));
        var turned = JsonSerializer.SerializeToUtf8Bytes(
            document
                .RootElement.EnumerateObject()
                .ToDictionary(
                    m => m.Name,
                    m =>
                        m.Name == "paths"
                            ? JsonSerializer.SerializeToElement(
                                m.Value.EnumerateObject().Reverse().ToDictionary(p => p.Name, p => p.Value)
                            )
                            : m.Value
                )
        );
        Assert.Equal(Names(plan), Names(fixture.Plan(turned, "orchard")));

        // An operation that would now be called the same does not take the name of one that had it.
        var grown = ImportFixture
            .Text(ImportFixture.Document(Orchard))
            .Replace("\"operationId\": \"session\"", "\"operationId\": \"trees/get\"", StringComparison.Ordinal)
            .Replace("\"in\": \"cookie\"", "\"in\": \"query\"", StringComparison.Ordinal)
            .Replace("Plant a tree.", "Plant one tree.", StringComparison.Ordinal);
        var again = fixture.Plan(System.Text.Encoding.UTF8.GetBytes(grown), "orchard", ImportFixture.Text(plan.Set));
        Assert.Equal(Names(plan), Names(again).Where(n => !n.Contains("/session", StringComparison.Ordinal)));
        Assert.Equal(
            ("POST /trees", "2"),
            (
                again.Tools.Single(t => t.Change == ImportChange.Changed).Operation,
                ImportFixture
                    .Tool(again, again.Tools.Single(t => t.Change == ImportChange.Changed).Name)
                    .GetProperty("version")
                    .GetString()
            )
        );
        Assert.Equal("GET /session", again.Tools.Single(t => t.Change == ImportChange.Added).Operation);

        IEnumerable<string> Names(ImportPlan p) =>
            p.Tools.Select(t => t.Operation + " " + t.Name).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Only_what_was_asked_for_is_imported_and_what_is_there_is_left_alone()
    {
        var plan = fixture.Plan(Orchard, "orchard", change: r => r with { Tags = ["trees"] });
        Assert.Equal(4, plan.Tools.Length);
        Assert.Contains(plan.Skipped, s => s is { Operation: "POST /photos", Reason: "not_asked_for" });
        var first = fixture.Plan(Orchard, "orchard");
        Assert.Equal(
            plan.Tools.Select(t => t.Name),
            first.Tools.Select(t => t.Name).Intersect(plan.Tools.Select(t => t.Name))
        );
        var fewer = fixture.Plan(Orchard, "orchard", ImportFixture.Text(first.Set), r => r with { Paths = ["/trees"] });
        Assert.Equal(first.Tools.Length - fewer.Tools.Length, fewer.Removed.Length);
        Assert.All(fewer.Tools, t => Assert.Equal(ImportChange.Unchanged, t.Change));

        // GitHub's pack has this operation as a tool already.
        const string github = """
            {"openapi":"3.1.0","info":{"title":"G"},"servers":[{"url":"https://api.github.com"}],
             "paths":{"/repos/{o}/{r}/issues/{n}":{"get":{"operationId":"issues/get","responses":{}}},"/zen":{"get":{"operationId":"meta/get-zen","responses":{}}}}}
            """;
        var known = fixture.Plan(System.Text.Encoding.UTF8.GetBytes(github), "github");
        Assert.Null(known.NewPack);
        Assert.Equal("GET /zen", known.Tools.Single().Operation);
        Assert.Equal(
            ("already_there", "the tool github_get_issue is the same operation"),
            (known.Skipped.Single().Reason, known.Skipped.Single().Detail)
        );
    }

    [Theory]
    [InlineData("""{"openapi":"2.9"}""", "3.0 and 3.1")]
    [InlineData("""{"hello":1}""", "none of")]
    [InlineData("""{"openapi":"3.0.0","paths":{""", "not JSON")]
    [InlineData("""{"openapi":"3.0.0","servers":[{"url":"/v1"}]}""", "https address")]
    [InlineData("""{"openapi":"3.0.0","servers":[{"url":"https://x.example.com"}]}""", "securitySchemes")]
    public void A_document_that_is_none_is_refused_with_the_reason(string document, string reason)
    {
        var plan = new ToolImport(fixture.Packs).Plan(
            new ImportRequest { Provider = "nobody" },
            System.Text.Encoding.UTF8.GetBytes(document),
            null
        );
        Assert.Contains(reason, plan.Error!.Detail, StringComparison.Ordinal);
    }

    private JsonElement Tool(string operation)
    {
        var plan = fixture.Plan(Orchard, "orchard");
        return ImportFixture.Tool(plan, plan.Tools.Single(t => t.Operation == operation).Name);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":false}""", false, true)]
    [InlineData("""{"type":"object","properties":{}}""", false, true)]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":false}""", true, false)]
    [InlineData("""{"type":"object","properties":{},"additionalProperties":{"type":"string"}}""", false, false)]
    [InlineData("""{"type":"string"}""", false, false)]
    public void A_form_that_may_be_left_out_and_holds_nothing_is_left_out(string schema, bool required, bool imported)
    {
        var document = Form("delete", required, schema);
        var plan = fixture.Plan(System.Text.Encoding.UTF8.GetBytes(document), "trees");
        Assert.Equal(imported ? 1 : 0, plan.Tools.Length);
        if (imported)
            Assert.False(
                ImportFixture.Tool(plan, plan.Tools[0].Name).GetProperty("request").TryGetProperty("body", out _)
            );
        else
            Assert.Equal("body_not_expressible", plan.Skipped.Single().Reason);
    }

    [Fact]
    public void A_form_too_long_in_full_is_written_with_less_detail()
    {
        var field = string.Join(
            ',',
            Enumerable
                .Range(0, 60)
                .Select(i => $"\"member_{i}\":{{\"type\":\"string\",\"description\":\"{new string('a', 200)}.\"}}")
        );
        var schema =
            "{\"type\":\"object\",\"required\":[\"kind\"],\"properties\":{\"kind\":{\"type\":\"string\"},\"more\":{\"type\":\"object\",\"properties\":{"
            + field
            + "}},\"other\":{\"type\":\"object\",\"properties\":{"
            + field
            + "}}}}";
        var plan = fixture.Plan(System.Text.Encoding.UTF8.GetBytes(Form("post", true, schema)), "trees");
        Assert.Empty(plan.Skipped);
        var tool = ImportFixture.Tool(plan, plan.Tools.Single().Name);
        Assert.Equal(
            ["kind", "more", "other"],
            tool.GetProperty("request")
                .GetProperty("body")
                .GetProperty("fields")
                .EnumerateObject()
                .Select(f => f.Name)
                .Order()
        );
    }

    private static string Form(string method, bool required, string schema) =>
        """{"openapi":"3.0.3","info":{"title":"Trees"},"servers":[{"url":"https://api.trees.example.com"}],"components":{"securitySchemes":{"key":{"type":"http","scheme":"bearer"}}},"paths":{"/trees/{id}":{"METHOD":{"requestBody":{"required":REQUIRED,"content":{"application/x-www-form-urlencoded":{"schema":SCHEMA}}},"responses":{}}}}}"""
            .Replace("METHOD", method, StringComparison.Ordinal)
            .Replace("REQUIRED", required ? "true" : "false", StringComparison.Ordinal)
            .Replace("SCHEMA", schema, StringComparison.Ordinal);
}
