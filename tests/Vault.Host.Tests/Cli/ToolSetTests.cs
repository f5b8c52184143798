using System.Text.Json;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cli;

/// <summary>
/// An imported tool set is taken away: from the running host at once, from nobody's connection unasked, and no version
/// ever means two things.
/// </summary>
public sealed class ToolSetTests : IAsyncLifetime
{
    private const string Described = """
        openapi: 3.1.0
        info: { title: Grove, version: "1" }
        servers: [{ url: /key-api }]
        paths:
          /items:
            get: { operationId: items/list, parameters: [{ name: page_size, in: query, schema: { type: integer } }], responses: { "200": { description: ok } } }
          /echo:
            get: { operationId: echo, responses: { "200": { description: ok } } }
        """;

    private CliWorld _cli = null!;

    public async Task InitializeAsync()
    {
        _cli = await CliWorld.StartAsync();
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
        await File.WriteAllTextAsync(
            pack,
            (await File.ReadAllTextAsync(pack)).Replace(
                "\"name\": \"Authorization\", \"value\": \"Bearer {api_key}\"",
                "\"name\": \"X-Api-Key\", \"value\": \"{api_key}\"",
                StringComparison.Ordinal
            )
        );
        await _cli.Vault.OkAsync("", "packs", "add", pack);
        await ImportAsync(Described);
    }

    public async Task DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task A_set_that_connections_name_is_kept_and_by_force_its_names_go_with_it()
    {
        Assert.Equal(
            ("grove+imported", "grove", 2),
            (await SetsAsync())
                .Select(s =>
                    (
                        s.GetProperty("id").GetString(),
                        s.GetProperty("provider").GetString(),
                        s.GetProperty("tool_count").GetInt32()
                    )
                )
                .Single()
        );
        var (one, two) = (await _cli.World.OrganizationAsync("One"), await _cli.World.OrganizationAsync("Two"));
        var first = await ConnectionAsync(one, "grove_get_me", "grove_list_items");
        var second = await ConnectionAsync(two);
        await ExecuteAsync(two);

        var used = await _cli.Vault.RunAsync("", "tools", "sets", "delete", "grove+imported");
        Assert.Equal(1, used.Code);
        Assert.Contains("conflict", used.Error, StringComparison.Ordinal);
        Assert.Contains(first, used.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(second, used.Error, StringComparison.Ordinal);
        await ExecuteAsync(two);

        Assert.Contains(
            "2 tools deleted, 1 connections changed",
            await _cli.Vault.OkAsync("", "tools", "sets", "delete", "grove+imported", "--force"),
            StringComparison.Ordinal
        );
        Assert.Equal("tool_unknown", (await _cli.World.ExecuteAsync(two, "ada", "grove_list_items")).Code);
        Assert.Equal(1, (await _cli.Vault.RunAsync("", "tools", "show", "grove_list_echo")).Code);
        Assert.Equal(
            ["grove_get_me"],
            (await _cli.World.GetAsync($"/v1/connections/{first}?organization_id={one}"))
                .Json.GetProperty("tools")
                .EnumerateArray()
                .Select(t => t.GetString())
        );
        Assert.Equal(1, (await _cli.Vault.RunAsync("", "tools", "sets", "delete", "grove+imported")).Code);

        // The organization that lost something reads it in its ledger, the other has nothing to read; and both chains
        // hold.
        var details = Assert.Single(await _cli.World.LedgerAsync(one, "tool_set.deleted")).GetProperty("details");
        Assert.Equal(
            ("grove+imported", first, "grove_list_items"),
            (
                details.GetProperty("tool_set").GetString(),
                details.GetProperty("connection_id").GetString(),
                details.GetProperty("tools")[0].GetString()
            )
        );
        Assert.DoesNotContain(
            "tool_set.deleted",
            (await _cli.World.GetAsync($"/v1/ledger?organization_id={two}&page_size=200")).Text,
            StringComparison.Ordinal
        );
        foreach (var organization in new[] { one, two })
            Assert.Contains(
                ": intact",
                await _cli.Vault.With("VAULT_ORGANIZATION", organization).OkAsync("", "ledger", "verify"),
                StringComparison.Ordinal
            );

        Assert.Empty(await SetsAsync());
        Assert.True((await SetsAsync("--removed")).Single().GetProperty("removed_by").GetString()!.Length > 0);
    }

    [Fact]
    public async Task What_comes_back_has_its_version_when_it_is_the_same_and_the_next_when_it_is_not()
    {
        await _cli.Vault.OkAsync("", "tools", "sets", "delete", "grove+imported");
        await ImportAsync(Described.Replace("page_size", "page_token", StringComparison.Ordinal));
        Assert.Equal(("2", "1"), (await VersionAsync("grove_list_items"), await VersionAsync("grove_list_echo")));
        Assert.Single(await SetsAsync("--removed"));

        // Also where only one tool was gone in between.
        await ImportAsync(Described, "--path", "/echo");
        Assert.Equal(1, (await _cli.Vault.RunAsync("", "tools", "show", "grove_list_items")).Code);
        await ImportAsync(Described);
        Assert.Equal(("3", "1"), (await VersionAsync("grove_list_items"), await VersionAsync("grove_list_echo")));
    }

    [Fact]
    public async Task A_name_that_is_no_tool_any_more_does_not_stand_in_the_way_of_other_changes()
    {
        var organization = await _cli.World.OrganizationAsync();
        var connection = await ConnectionAsync(organization, "grove_list_items", "grove_list_echo");
        // The document does without the operation; the connection goes on naming it.
        await ImportAsync(Described, "--path", "/echo");
        var change = await Reply.ReadAsync(
            await _cli
                .World.Client()
                .PatchAsync(
                    new Uri($"/v1/connections/{connection}", UriKind.Relative),
                    JsonContent(new { organization_id = organization, app_name = "Renamed" })
                )
        );
        Assert.Equal("Renamed", change["app_name"]);
        var wrong = await Reply.ReadAsync(
            await _cli
                .World.Client()
                .PatchAsync(
                    new Uri($"/v1/connections/{connection}", UriKind.Relative),
                    JsonContent(
                        new { organization_id = organization, tools = new[] { "grove_list_items", "grove_never_was" } }
                    )
                )
        );
        Assert.Equal("invalid_request", wrong.Code);
        Assert.Contains("grove_never_was", wrong.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kept_set_is_valid_beside_its_pack_and_a_changed_pack_says_what_breaks()
    {
        var set = Path.Combine(_cli.Folder, "grove+mine.json");
        await File.WriteAllTextAsync(
            set,
            """{"format":1,"extends":"grove","tools":[{"name":"grove_list_trees","description":"Trees","effect":"read","scopes":[],"input_schema":{"type":"object"},"request":{"method":"GET","url":"/trees"}}]}"""
        );
        Assert.Contains(
            "adds 1 tools to grove and is valid",
            await _cli.Vault.OkAsync("", "packs", "validate", set),
            StringComparison.Ordinal
        );
        await File.WriteAllTextAsync(
            set,
            (await File.ReadAllTextAsync(set)).Replace(
                "/trees\"",
                "https://evil.example.com/trees\"",
                StringComparison.Ordinal
            )
        );
        var wrong = await _cli.Vault.RunAsync("", "packs", "validate", set);
        Assert.Equal(
            (1, true),
            (wrong.Code, wrong.Out.Contains($"{set}: /tools/0/request/url line 1: ", StringComparison.Ordinal))
        );
        await File.WriteAllTextAsync(set, """{"format":1,"extends":"nobody","tools":[]}""");
        Assert.Contains(
            "'nobody' is neither shipped",
            (await _cli.Vault.RunAsync("", "packs", "validate", set)).Out,
            StringComparison.Ordinal
        );

        var changed = Path.Combine(_cli.Folder, "changed.json");
        await File.WriteAllTextAsync(
            changed,
            (await File.ReadAllTextAsync(Path.Combine(_cli.Folder, "grove.json"))).Replace(
                "grove_get_me",
                "grove_get_self",
                StringComparison.Ordinal
            )
        );
        var diff = await _cli.Vault.JsonAsync("", "packs", "diff", changed);
        // Imported tools stay, and are no difference.
        Assert.Equal(
            [("grove_get_me", "removed", true), ("grove_get_self", "added", false)],
            diff.GetProperty("tools")
                .EnumerateArray()
                .Select(t =>
                    (
                        t.GetProperty("name").GetString(),
                        t.GetProperty("kind").GetString(),
                        t.GetProperty("breaking").GetBoolean()
                    )
                )
        );
        Assert.Contains(
            "grove_get_me: removed (1 to ), breaks calls",
            await _cli.Vault.OkAsync("", "packs", "diff", changed),
            StringComparison.Ordinal
        );
    }

    private async Task<string> ConnectionAsync(string organization, params string[] tools) =>
        (
            await _cli.World.PostAsync(
                "/v1/connections",
                tools.Length == 0
                    ? new { organization_id = organization, provider = "grove" }
                    : new
                    {
                        organization_id = organization,
                        provider = "grove",
                        tools,
                    } as object
            )
        )["id"];

    private static StringContent JsonContent(object body) =>
        new(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json");

    private async Task ImportAsync(string document, params string[] more) =>
        await _cli.Vault.OkAsync(document, ["tools", "import", "-", "--provider", "grove", "--yes", .. more]);

    private async Task<List<JsonElement>> SetsAsync(params string[] more) =>
        [.. (await _cli.Vault.JsonAsync("", ["tools", "sets", "list", .. more])).EnumerateArray()];

    private async Task<string?> VersionAsync(string tool) =>
        (await _cli.Vault.JsonAsync("", "tools", "show", tool)).GetProperty("tool").GetProperty("version").GetString();

    private async Task ExecuteAsync(string organization)
    {
        var vault = _cli.Vault.With("VAULT_ORGANIZATION", organization);
        await vault.RunAsync(
            """{"type":"api_key","api_key":"sandbox-key-0001-demo"}""",
            "connect",
            "--user",
            "ada",
            "--connection",
            "grove",
            "--credential",
            "-"
        );
        Assert.Contains(
            "items",
            await vault.OkAsync("", "execute", "grove_list_items", "--user", "ada"),
            StringComparison.Ordinal
        );
    }
}
