using System.Text.Json;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cli;

/// <summary>
/// What a stranger does with a provider nobody here knows: describe it, connect, import its tools, execute them.
/// Everything by the command line, nothing compiled.
/// </summary>
public sealed class StrangerTests : IAsyncLifetime
{
    private const string Described = """
        openapi: 3.1.0
        info: { title: Grove, version: "1" }
        servers: [{ url: /key-api }]
        paths:
          /items:
            get:
              operationId: items/list
              summary: List the items
              tags: [items]
              parameters:
                - { name: page_size, in: query, schema: { type: integer, minimum: 1 } }
              responses: { "200": { description: ok } }
            post:
              operationId: items/create
              tags: [items]
              parameters:
                - { name: Idempotency-Key, in: header, schema: { type: string } }
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { type: object, required: [name], properties: { name: { type: string }, note: { type: [string, "null"] } } }
              responses: { "200": { description: ok } }
          /items/{item-id}:
            get:
              operationId: items/get
              tags: [items]
              responses: { "200": { description: ok } }
            delete:
              operationId: items/delete
              responses: { "200": { description: ok } }
          /echo:
            get:
              operationId: echo
              parameters:
                - { name: kinds, in: query, explode: false, schema: { type: array, items: { type: string } } }
                - { name: made, in: query, style: deepObject, schema: { type: object, properties: { after: { type: string } } } }
              responses: { "200": { description: ok } }
          /session:
            get:
              parameters: [{ name: sid, in: cookie, required: true, schema: { type: string } }]
              responses: { "200": { description: ok } }
        """;

    private CliWorld _cli = null!;

    public async Task InitializeAsync() => _cli = await CliWorld.StartAsync();

    public async Task DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task From_a_template_to_imported_tools_that_run_without_compiling()
    {
        var pack = Path.Combine(_cli.Folder, "grove.json");
        await _cli.Vault.OkAsync(
            "",
            "packs",
            "new",
            "grove",
            "--base-url",
            _cli.World.Sandbox.BaseUrl + "/key-api",
            "--auth",
            "api_key",
            "--out",
            pack
        );
        Assert.Contains(
            "grove 1.0.0 is valid",
            await _cli.Vault.OkAsync("", "packs", "validate", pack),
            StringComparison.Ordinal
        );
        await File.WriteAllTextAsync(
            pack,
            (await File.ReadAllTextAsync(pack)).Replace(
                "\"name\": \"Authorization\", \"value\": \"Bearer {api_key}\"",
                "\"name\": \"X-Api-Key\", \"value\": \"{api_key}\"",
                StringComparison.Ordinal
            )
        );
        await _cli.Vault.OkAsync("", "packs", "add", pack);

        var vault = _cli.Vault.With(
            "VAULT_ORGANIZATION",
            (await _cli.Vault.OkAsync("", "organizations", "create", "Acme")).Trim()
        );
        await vault.OkAsync("", "connections", "create", "grove");
        Assert.Contains(
            "PENDING_VERIFICATION",
            await vault.OkAsync(
                """{"type":"api_key","api_key":"sandbox-key-0001-demo"}""",
                "connect",
                "--user",
                "ada",
                "--connection",
                "grove",
                "--credential",
                "-"
            ),
            StringComparison.Ordinal
        );
        Assert.Equal(
            "alice",
            (await vault.JsonAsync("", "execute", "grove_get_me", "--user", "ada"))
                .GetProperty("data")
                .GetProperty("id")
                .GetString()
        );

        // Shown, and nothing kept.
        var shown = await vault.JsonAsync(Described, "tools", "import", "-", "--provider", "grove");
        Assert.Equal(
            ["grove_create_items", "grove_delete_items", "grove_get_items", "grove_list_echo", "grove_list_items"],
            shown.GetProperty("tools").EnumerateArray().Select(t => t.GetProperty("name").GetString())
        );
        Assert.Equal(
            ("cookie_parameter", 1),
            shown.GetProperty("skipped_by_reason").EnumerateObject().Select(r => (r.Name, r.Value.GetInt32())).Single()
        );
        Assert.Equal(1, (await vault.RunAsync("", "tools", "show", "grove_list_items")).Code);

        // What was reviewed is kept; another document under the same digest is not.
        var review = shown.GetProperty("review").GetString()!;
        var other = await vault.RunAsync(
            Described.Replace("minimum: 1", "minimum: 2", StringComparison.Ordinal),
            "tools",
            "import",
            "-",
            "--provider",
            "grove",
            "--review",
            review
        );
        Assert.Equal((1, true), (other.Code, other.Error.Contains("conflict", StringComparison.Ordinal)));
        Assert.True(
            (await vault.JsonAsync(Described, "tools", "import", "-", "--provider", "grove", "--review", review))
                .GetProperty("applied")
                .GetBoolean()
        );
        // An answer that was lost is asked for again.
        Assert.True(
            (await vault.JsonAsync(Described, "tools", "import", "-", "--provider", "grove", "--review", review))
                .GetProperty("applied")
                .GetBoolean()
        );

        var made = (
            await vault.JsonAsync(
                """{"name":"quince"}""",
                "execute",
                "grove_create_items",
                "--user",
                "ada",
                "--input",
                "-"
            )
        ).GetProperty("data");
        var id = made.GetProperty("id").GetString()!;
        Assert.Equal(
            "quince",
            (
                await vault.JsonAsync(
                    "",
                    "execute",
                    "grove_get_items",
                    "--user",
                    "ada",
                    "--input",
                    JsonSerializer.Serialize(new { item_id = id })
                )
            )
                .GetProperty("data")
                .GetProperty("name")
                .GetString()
        );
        var echo = (
            await vault.JsonAsync(
                "",
                "execute",
                "grove_list_echo",
                "--user",
                "ada",
                "--input",
                """{"kinds":["a","b"],"made_after":"x"}"""
            )
        )
            .GetProperty("data")
            .GetProperty("query");
        Assert.Equal(
            ("a,b", "x"),
            (echo.GetProperty("kinds")[0].GetString(), echo.GetProperty("made[after]")[0].GetString())
        );
        var approval = await vault.RunAsync(
            "",
            "execute",
            "grove_delete_items",
            "--user",
            "ada",
            "--input",
            JsonSerializer.Serialize(new { item_id = id })
        );
        Assert.Equal(
            (1, true),
            (approval.Code, approval.Error.Contains("approval_required", StringComparison.Ordinal))
        );
        var wrong = await vault.RunAsync(
            "",
            "execute",
            "grove_create_items",
            "--user",
            "ada",
            "--input",
            """{"nome":"x"}"""
        );
        Assert.Equal((1, true), (wrong.Code, wrong.Error.Contains("tool_input_invalid", StringComparison.Ordinal)));

        Assert.Contains(
            "grove_get_items",
            await vault.OkAsync("", "tools", "search", "get", "items", "--provider", "grove"),
            StringComparison.Ordinal
        );
        Assert.Contains(": intact", await vault.OkAsync("", "ledger", "verify"), StringComparison.Ordinal);
        // A pack that is replaced keeps its imported tools.
        await vault.OkAsync("", "packs", "add", pack);
        Assert.Equal(6, (await vault.JsonAsync("", "tools", "list", "--provider", "grove")).GetArrayLength());
    }

    [Fact]
    public async Task Only_an_administrator_of_the_platform_imports_and_a_document_has_a_limit()
    {
        var organization = await _cli.World.OrganizationAsync();
        var key = (
            await _cli.World.PostAsync(
                "/v1/api_keys",
                new
                {
                    organization_id = organization,
                    name = "one",
                    permissions = new[] { "admin" },
                }
            )
        )["key"];
        using var bound = World.NewClient(_cli.World.Urls[0], key);
        var denied = await Reply.ReadAsync(
            await bound.PostAsync(
                new Uri("/v1/tools:import?provider=grove", UriKind.Relative),
                new StringContent(Described)
            )
        );
        Assert.Equal("permission_denied", denied.Code);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/tools:import?provider=grove")
        {
            Content = new ByteArrayContent(new byte[2 * 1024 * 1024]),
        };
        // Above the limit of other routes and below its own: it is read, and is no document.
        Assert.Equal("invalid_request", (await Reply.ReadAsync(await _cli.World.Client().SendAsync(request))).Code);
        Assert.Equal(
            "provider_unknown",
            (
                await Reply.ReadAsync(
                    await _cli
                        .World.Client()
                        .PostAsync(
                            new Uri("/v1/tools:import?provider=grove", UriKind.Relative),
                            new StringContent("""{"discoveryVersion":"v1"}""")
                        )
                )
            ).Code
        );
    }
}
