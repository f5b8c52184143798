using System.Text;
using System.Text.Json;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Import.Tests;

/// <summary>YAML, Swagger 2, Google Discovery and GraphQL, each by a small document of our own.</summary>
public sealed class OtherFormatsTests(ImportFixture fixture) : IClassFixture<ImportFixture>
{
    private const string Sdl = """"
        "The roots" schema { query: Root mutation: Changes }
        scalar When @specifiedBy(url: "https://example.com")
        enum Kind { APPLE "Not a quince" PEAR }
        interface Node { id: ID! }
        type Tree implements Node & Other { id: ID! kind: Kind! parent(deep: Boolean = true): Tree planted: When }
        type Root {
          """
          Trees of the orchard.
          """
          trees(kind: Kind, after: [ID!]): [Tree!]!
        }
        type Changes { plant(input: Planting!): Tree fell(id: ID!): Boolean }
        input Planting { kind: Kind! = APPLE, label: String!, grafts: [Planting!], at: When }
        union Thing = | Tree | Root
        directive @own(reason: String = "none") repeatable on FIELD | QUERY
        """";

    private const string Operations = """
        # Trees by kind
        query ListTrees($kind: Kind!, $after: [ID!]) { trees(kind: $kind, after: $after) { ...T parent { ...T } } }
        fragment T on Tree { id kind __typename ... on Node { id } }
        mutation PlantTree($input: Planting!) { plant(input: $input) { id } }
        mutation DeleteTree($id: ID!) { fell(id: $id) }
        query Lost { trees { colour } }
        subscription Watch { trees { id } }
        """;

    [Fact]
    public void Graphql_operations_become_tools_with_their_text_as_a_constant()
    {
        var plan = fixture.Plan(Envelope(Sdl), "linear");
        Assert.Equal(
            ["linear_delete_tree Destructive", "linear_list_trees Read", "linear_plant_tree_run Write"],
            plan.Tools.Select(t => $"{t.Name} {t.Effect}")
                .Order(StringComparer.Ordinal)
                .Select(t => t.Replace("linear_run_plant_tree", "linear_plant_tree_run", StringComparison.Ordinal))
        );
        Assert.Equal(
            [
                "query Lost not_in_schema 'Tree' has no field 'colour'",
                "subscription Watch subscription subscriptions are not supported",
            ],
            plan.Skipped.Select(s => $"{s.Operation} {s.Reason} {s.Detail}")
        );
        var list = ImportFixture.Tool(plan, "linear_list_trees");
        Assert.Equal("Trees by kind.", list.GetProperty("description").GetString());
        Assert.Equal(
            """{"type":"object","properties":{"kind":{"type":"string","enum":["APPLE","PEAR"]},"after":{"type":"array","items":{"type":"string"}}},"required":["kind"],"additionalProperties":false}""",
            list.GetProperty("input_schema").GetRawText()
        );
        var fields = list.GetProperty("request").GetProperty("body").GetProperty("fields");
        Assert.EndsWith(
            "fragment T on Tree { id kind __typename ... on Node { id } }",
            fields.GetProperty("query").GetProperty("value").GetString(),
            StringComparison.Ordinal
        );
        Assert.Equal("kind", fields.GetProperty("variables.kind").GetString());
        var plant = ImportFixture
            .Tool(plan, plan.Tools.Single(t => t.Effect == Effect.Write).Name)
            .GetProperty("input_schema");
        Assert.Equal(
            "[\"label\"]",
            plant.GetProperty("$defs").GetProperty("Planting").GetProperty("required").GetRawText()
        );
    }

    [Fact]
    public void An_introspection_says_the_same_as_the_language()
    {
        const string introspection = """
            {"data":{"__schema":{"queryType":{"name":"Root"},"mutationType":null,"subscriptionType":null,"types":[
              {"kind":"OBJECT","name":"Root","fields":[{"name":"trees","description":"Trees.","args":[],"type":{"kind":"NON_NULL","name":null,"ofType":{"kind":"LIST","name":null,"ofType":{"kind":"OBJECT","name":"Tree","ofType":null}}}}],"inputFields":null,"enumValues":null},
              {"kind":"OBJECT","name":"Tree","fields":[{"name":"id","args":[],"type":{"kind":"SCALAR","name":"ID","ofType":null}}],"inputFields":null,"enumValues":null},
              {"kind":"ENUM","name":"Kind","fields":null,"inputFields":null,"enumValues":[{"name":"APPLE"}]}]}}}
            """;
        var plan = fixture.Plan(
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    schema = JsonElement.Parse(introspection),
                    operations = "query ListTrees($kind: Kind) { trees { id } }",
                    endpoint = "/api/graphql",
                }
            ),
            "linear"
        );
        var tool = ImportFixture.Tool(plan, plan.Tools.Single().Name);
        Assert.Equal(
            ("Trees.", "/api/graphql"),
            (tool.GetProperty("description").GetString(), tool.GetProperty("request").GetProperty("url").GetString())
        );
        Assert.Equal(
            """{"type":"string","enum":["APPLE"]}""",
            tool.GetProperty("input_schema").GetProperty("properties").GetProperty("kind").GetRawText()
        );
    }

    [Theory]
    [InlineData("query { trees { id } }", "has no name")]
    [InlineData("{ trees { id } }", "has no name")]
    [InlineData("", "no named operation")]
    [InlineData("query A { trees { id }", "line 1")]
    public void Operations_that_are_none_are_refused_with_their_line(string operations, string reason)
    {
        var plan = new ToolImport(fixture.Packs).Plan(
            new ImportRequest { Provider = "linear" },
            Envelope(Sdl, operations),
            null
        );
        Assert.Contains(reason, plan.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Discovery_documents_take_the_flat_path_and_any_of_their_scopes()
    {
        const string discovery = """
            {"kind":"discovery#restDescription","discoveryVersion":"v1","title":"Groves API","rootUrl":"https://www.googleapis.com/","servicePath":"groves/",
             "schemas":{"Grove":{"type":"object","properties":{"name":{"type":"string"},"size":{"type":"integer","minimum":"1","format":"int32"},"inner":{"$ref":"Grove"},"made":{"type":"string","readOnly":true}}}},
             "resources":{"groves":{
               "methods":{
                 "create":{"id":"groves.groves.create","path":"v1/{+parent}/groves","flatPath":"v1/lands/{landsId}/groves","httpMethod":"POST","parameters":{"parent":{"type":"string","required":true,"location":"path","pattern":"^lands/[^/]+$"}},"request":{"$ref":"Grove"},"scopes":["https://www.googleapis.com/auth/cloud","https://www.googleapis.com/auth/groves.full"]},
                 "upload":{"id":"groves.groves.upload","path":"v1/upload","httpMethod":"POST","mediaUpload":{},"parameters":{}},
                 "raw":{"id":"groves.groves.raw","path":"v1/{+name}","httpMethod":"GET","parameters":{}}},
               "resources":{"trees":{"methods":{"list":{"id":"groves.groves.trees.list","path":"v1/trees","httpMethod":"GET","parameters":{"kinds":{"type":"string","repeated":true,"location":"query"}},"scopes":["https://www.googleapis.com/auth/groves","https://www.googleapis.com/auth/groves.readonly"]}}}}}}}
            """;
        var plan = fixture.Plan(Encoding.UTF8.GetBytes(discovery), "google");
        Assert.Equal(["google_create_groves", "google_list_groves_trees"], plan.Tools.Select(t => t.Name));
        Assert.Equal(["multipart_file_mapping", "parameter_not_expressible"], plan.Skipped.Select(s => s.Reason));
        Assert.Equal("https://www.googleapis.com/auth/groves.readonly", plan.Tools[1].Scopes.Single()[0]);
        var create = ImportFixture.Tool(plan, "google_create_groves");
        Assert.Equal("/groves/v1/lands/{landsId}/groves", create.GetProperty("request").GetProperty("url").GetString());
        Assert.Equal(
            ["landsId", "name", "size", "inner"],
            create.GetProperty("input_schema").GetProperty("properties").EnumerateObject().Select(p => p.Name)
        );
        Assert.Equal(
            "1",
            create
                .GetProperty("input_schema")
                .GetProperty("properties")
                .GetProperty("size")
                .GetProperty("minimum")
                .GetRawText()
        );
    }

    [Fact]
    public void Swagger_2_in_yaml_has_its_forms_files_and_lists()
    {
        const string swagger = """
            swagger: 2.0
            info: {title: Sheds, version: 1}
            host: sheds.example.com
            basePath: /api
            schemes: [https]
            securityDefinitions:
              login: {type: basic}
            paths:
              /sheds:
                get:
                  operationId: getSheds
                  parameters:
                    - {name: ids, in: query, type: array, items: {type: integer}}
                    - {name: tags, in: query, type: array, items: {type: string}, collectionFormat: multi}
                post:
                  operationId: addShed
                  parameters:
                    - {name: body, in: body, required: true, schema: {$ref: '#/definitions/Shed'}}
              /sheds/{id}/photo:
                post:
                  operationId: addPhoto
                  consumes: [multipart/form-data]
                  parameters:
                    - {name: id, in: path, required: true, type: string}
                    - {name: photo, in: formData, type: file, required: true}
                    - {name: note, in: formData, type: string}
            definitions:
              Shed:
                type: object
                required: [since]
                properties:
                  since: {type: string, format: date, example: 2020-01-01}
                  open: {type: boolean, default: yes}
            """;
        var plan = fixture.Plan(Encoding.UTF8.GetBytes(swagger), "sheds");
        var pack = ImportFixture.Load(plan.NewPack!, plan.Set);
        Assert.Equal(
            ("https://sheds.example.com/api", AuthMode.Basic),
            (pack.Details.Api.BaseUrl.Source, pack.AuthModes.Single())
        );
        Assert.Equal(["sheds_add_photo", "sheds_add_shed", "sheds_get_sheds"], plan.Tools.Select(t => t.Name));
        var query = ImportFixture.Tool(plan, "sheds_get_sheds").GetProperty("request").GetProperty("query");
        Assert.Equal(
            ("comma", "tags"),
            (query.GetProperty("ids").GetProperty("form").GetString(), query.GetProperty("tags").GetString())
        );
        Assert.Equal(
            "multipart",
            ImportFixture
                .Tool(plan, "sheds_add_photo")
                .GetProperty("request")
                .GetProperty("body")
                .GetProperty("format")
                .GetString()
        );
        Assert.Equal(
            "[\"since\"]",
            ImportFixture.Tool(plan, "sheds_add_shed").GetProperty("input_schema").GetProperty("required").GetRawText()
        );
    }

    [Theory]
    [InlineData("a: &x 1\nb: *x", "line 2")]
    [InlineData("- openapi", "not a mapping")]
    [InlineData("a: [1", "neither JSON nor supported YAML")]
    [InlineData("{\"openapi\": \"3.0.0\", \"a\": }", "not JSON near line 1")]
    public void Yaml_that_is_none_or_could_grow_is_refused(string text, string reason) =>
        Assert.Contains(
            reason,
            new ToolImport(fixture.Packs)
                .Plan(new ImportRequest { Provider = "x" }, Encoding.UTF8.GetBytes(text), null)
                .Error!.Detail,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task A_tool_set_is_loaded_beside_its_pack_and_a_wrong_one_leaves_the_pack_alone()
    {
        var folder = Directory.CreateTempSubdirectory("sets").FullName;
        var plan = fixture.Plan("orchard.openapi.json", "orchard");
        await File.WriteAllBytesAsync(Path.Combine(folder, "orchard.json"), plan.NewPack!);
        await File.WriteAllBytesAsync(Path.Combine(folder, "orchard+imported.json"), plan.Set);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "orchard+wrong.json"),
            """{"format":1,"extends":"orchard","tools":[{"name":"slack_steal"}]}"""
        );
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nobody+x.json"),
            """{"format":1,"extends":"nobody","tools":[]}"""
        );
        using var packs = new Providers.Packs.PackCatalogue(
            new Providers.Packs.PackReader(),
            new Providers.Packs.PackOptions { Folder = folder }
        );
        var refusals = await packs.LoadAsync(default);
        Directory.Delete(folder, recursive: true);
        Assert.True(packs.TryGetTool("orchard_list_trees", out var tool) && tool.Pack.Id == "orchard");
        Assert.False(packs.TryGetTool("slack_steal", out _));
        Assert.Equal(
            ["nobody+x.json", "orchard+wrong.json"],
            refusals.Select(r => Path.GetFileName(r.Source)).Order(StringComparer.Ordinal)
        );
        Assert.All(refusals, r => Assert.NotEmpty(r.Faults.Select((Violation f) => f.Message)));
    }

    private static byte[] Envelope(string schema, string operations = Operations) =>
        JsonSerializer.SerializeToUtf8Bytes(new { schema, operations });
}
