using System.Net;
using System.Text;
using System.Text.Json;

namespace Vault.Host.Tests.Providers;

/// <summary>
/// F16: an API description that uses what few do, imported into a running host, and what its tools then send.
/// </summary>
public sealed class OddDocumentTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    private const string Document = """
        {
          "openapi": "3.1.0", "info": { "title": "Harbour", "version": "3" }, "servers": [{ "url": "{server}" }],
          "components": {
            "pathItems": {
              "Berth": {
                "parameters": [{ "name": "berth", "in": "path", "required": true, "schema": { "type": "string" } }],
                "get": { "operationId": "getBerth", "responses": { "200": { "description": "one" } } }
              }
            }
          },
          "paths": {
            "/berths/{berth}": { "$ref": "#/components/pathItems/Berth" },
            "/lost": { "$ref": "#/components/pathItems/Nowhere" },
            "/ships": {
              "get": {
                "operationId": "listShips",
                "parameters": [
                  { "name": "where", "in": "query", "style": "deepObject", "explode": true,
                    "schema": { "type": "object", "properties": {
                      "flag": { "type": "string" },
                      "built": { "type": "object", "properties": { "after": { "type": "integer" } } },
                      "decks": { "type": "array", "items": { "type": "string" } } } } },
                  { "name": "any", "in": "query", "style": "deepObject",
                    "schema": { "type": "object", "additionalProperties": { "type": "string" } } },
                  { "name": "ids", "in": "query", "style": "pipeDelimited", "explode": false,
                    "schema": { "type": "array", "items": { "type": "string" } } },
                  { "name": "shape", "in": "query", "style": "spaceDelimited",
                    "schema": { "type": "object", "properties": { "w": { "type": "integer" } } } },
                  { "name": "session", "in": "cookie", "schema": { "type": "string" } }
                ],
                "responses": { "200": { "description": "all" } }
              },
              "query": { "operationId": "askShips" }
            },
            "/papers": {
              "post": {
                "operationId": "addPapers",
                "requestBody": { "content": { "multipart/form-data": {
                  "schema": { "type": "object", "properties": {
                    "owner": { "type": "object", "properties": { "name": { "type": "string" } } },
                    "note": { "type": "string" }, "xml": { "type": "string" },
                    "tags": { "type": "array", "items": { "type": "string" } } } },
                  "encoding": { "xml": { "contentType": "text/xml" }, "tags": { "contentType": "application/json" } }
                } } },
                "responses": { "200": { "description": "done" } }
              }
            },
            "/fees": {
              "post": {
                "operationId": "setFees",
                "requestBody": { "content": { "application/x-www-form-urlencoded": {
                  "schema": { "type": "object", "properties": {
                    "c": { "type": "array", "items": { "type": "string" } },
                    "r": { "type": "array", "items": { "type": "string" } },
                    "p": { "type": "array", "items": { "type": "string" } },
                    "j": { "type": "object", "properties": { "x": { "type": "integer" } } },
                    "d": { "type": "object", "properties": { "x": { "type": "integer" } } } } },
                  "encoding": { "c": { "explode": false }, "p": { "style": "pipeDelimited", "explode": false },
                    "j": { "contentType": "application/json" }, "d": { "style": "deepObject" } }
                } } },
                "responses": { "200": { "description": "done" } }
              }
            },
            "/name": {
              "put": {
                "operationId": "setName",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "string" } } } },
                "responses": { "200": { "description": "done" } }
              }
            }
          }
        }
        """;

    [Fact]
    public async Task Nothing_vanishes_and_its_tools_send_what_it_says()
    {
        await scene.ConnectionAsync("harbour");
        await scene.ConsentAsync("harbour", "any", ["read", "write"]);
        var document = Document.Replace("{server}", scene.Provider.Url, StringComparison.Ordinal);
        var preview = await ImportAsync(document, null);
        var plan = await ImportAsync(document, preview.GetProperty("review").GetString());

        Assert.Equal(
            new[] { "getBerth", "listShips", "addPapers", "setFees", "setName" }.Order(),
            plan.GetProperty("tools")
                .EnumerateArray()
                .Select(t => Operation(t.GetProperty("operation").GetString()!))
                .Order()
        );
        Assert.Equal(
            ["* /lost unresolved_reference", "QUERY /ships method"],
            plan.GetProperty("skipped")
                .EnumerateArray()
                .Select(s => s.GetProperty("operation").GetString() + " " + s.GetProperty("reason").GetString())
                .Order(StringComparer.Ordinal)
        );
        var notes = plan.GetProperty("notes").EnumerateArray().Select(n => n.GetString()!).ToList();
        Assert.Contains(notes, n => n.StartsWith("GET /ships: the cookie 'session'", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.StartsWith("GET /ships: the parameter 'shape'", StringComparison.Ordinal));

        Assert.Equal(
            "/berths/b%204",
            (await CallAsync(plan, "GET /berths/{berth}", new { berth = "b 4" })).Path.Replace(
                " ",
                "%20",
                StringComparison.Ordinal
            )
        );
        var ships = await CallAsync(
            plan,
            "GET /ships",
            new
            {
                where = new
                {
                    flag = "ch",
                    built = new { after = 1999 },
                    decks = new[] { "a", "b" },
                },
                any = new Dictionary<string, string> { ["k 1"] = "v" },
                ids = new[] { "1", "2" },
            }
        );
        Assert.Equal(
            [
                "any[k 1]=v",
                "ids=1|2",
                "where[built][after]=1999",
                "where[decks][]=a",
                "where[decks][]=b",
                "where[flag]=ch",
            ],
            ships.Query[1..].Split('&').Select(Uri.UnescapeDataString).Order(StringComparer.Ordinal)
        );

        var papers = await CallAsync(
            plan,
            "POST /papers",
            new
            {
                owner = new { name = "Ada" },
                note = "n",
                xml = "<a/>",
                tags = new[] { "t", "u" },
            }
        );
        var parts = papers.Body.Split("--").Where(p => p.Contains("name=", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, parts.Count);
        Part("owner", "application/json", "{\"name\":\"Ada\"}");
        Part("note", null, "n");
        Part("xml", "text/xml", "<a/>");
        Part("tags", "application/json", "[\"t\",\"u\"]");

        var fees = await CallAsync(
            plan,
            "POST /fees",
            new
            {
                c = new[] { "1", "2" },
                r = new[] { "1", "2" },
                p = new[] { "1", "2" },
                j = new { x = 1 },
                d = new { x = 1 },
            }
        );
        Assert.Equal(
            ["c=1,2", "d[x]=1", "j={\"x\":1}", "p=1|2", "r=1", "r=2"],
            fees.Body.Split('&').Select(Uri.UnescapeDataString).Order(StringComparer.Ordinal)
        );
        Assert.Equal("\"Vera\"", (await CallAsync(plan, "PUT /name", new { body = "Vera" })).Body);

        void Part(string name, string? type, string content)
        {
            var part = Assert.Single(parts, p => p.Contains($"name=\"{name}\"", StringComparison.Ordinal));
            // A plain field has no type, as browsers send it (RFC 7578 4.4: text/plain is the default).
            if (type is null)
                Assert.DoesNotContain("Content-Type", part, StringComparison.Ordinal);
            else
                Assert.Contains("Content-Type: " + type, part, StringComparison.Ordinal);
            Assert.EndsWith("\r\n\r\n" + content, part.TrimEnd(), StringComparison.Ordinal);
        }
    }

    private static string Operation(string operation) =>
        operation switch
        {
            "GET /berths/{berth}" => "getBerth",
            "GET /ships" => "listShips",
            "POST /papers" => "addPapers",
            "POST /fees" => "setFees",
            "PUT /name" => "setName",
            _ => operation,
        };

    private async Task<JsonElement> ImportAsync(string document, string? review)
    {
        using var content = new StringContent(document, Encoding.UTF8, "application/json");
        var answer = await scene
            .World.Client()
            .PostAsync(
                new Uri(
                    "/v1/tools:import?provider=harbour" + (review is null ? "" : "&review=" + review),
                    UriKind.Relative
                ),
                content
            );
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task<Seen> CallAsync(JsonElement plan, string operation, object input)
    {
        var tool = plan.GetProperty("tools")
            .EnumerateArray()
            .Single(t => t.GetProperty("operation").GetString() == operation)
            .GetProperty("name")
            .GetString()!;
        var done = await scene.World.ExecuteAsync(scene.Organization, "ada", tool, input);
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        return scene.Provider.Requests.Last();
    }
}
