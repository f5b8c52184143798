using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.Cli;

/// <summary>Commands against a real host: answers, exit codes, and what is never shown.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private CliWorld _cli = null!;

    public async Task InitializeAsync() => _cli = await CliWorld.StartAsync("sandbox_single_use", "sandbox_key");

    public async Task DisposeAsync() => await _cli.DisposeAsync();

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("tools import x.json")]
    [InlineData("connect --user ada")]
    [InlineData("execute sandbox_get_profile --input {broken")]
    [InlineData("tools show x --format yaml")]
    [InlineData("packs validate no-such-file.json")]
    public async Task A_wrong_command_says_what_is_wrong_and_ends_with_2(string words)
    {
        var ran = await _cli.Vault.RunAsync("", words.Split(' '));
        Assert.Equal((2, ""), (ran.Code, ran.Out));
        Assert.StartsWith("vaultctl: ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_where_the_vault_is_or_who_asks_when_that_is_missing_and_never_takes_a_key_as_an_option()
    {
        Assert.Contains(
            "VAULT_URL",
            (await new CommandLine(new Dictionary<string, string>()).RunAsync("", "tools", "list")).Error,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "VAULT_KEY",
            (
                await new CommandLine(new Dictionary<string, string> { ["VAULT_URL"] = "http://127.0.0.1:1" }).RunAsync(
                    "",
                    "tools",
                    "list"
                )
            ).Error,
            StringComparison.Ordinal
        );
        Assert.Equal(2, (await _cli.Vault.RunAsync("", "tools", "list", "--key", "vk_live_x")).Code);
        var stranger = await _cli
            .Vault.With("VAULT_KEY", "vk_live_01m82atr19kcw8wt6dg733b24n_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
            .RunAsync("", "tools", "list");
        Assert.Equal((1, true), (stranger.Code, stranger.Error.Contains("unauthenticated", StringComparison.Ordinal)));
        Assert.Contains("Examples:", (await _cli.Vault.RunAsync("", "tools", "--help")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_on_sqlite_is_the_only_host()
    {
        var table = await _cli.Vault.OkAsync("", "cluster");
        Assert.Contains("127.0.0.1:11111", table, StringComparison.Ordinal);
        Assert.Contains("active", table, StringComparison.Ordinal);
        Assert.Contains(
            "\"cluster\": null",
            await _cli.Vault.OkAsync("", "cluster", "--json"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_wrong_pack_is_refused_with_file_and_line()
    {
        var file = Path.Combine(_cli.Folder, "bad.json");
        await File.WriteAllTextAsync(file, "{\n  \"format\": 1,\n  \"id\": \"Bad Id\"\n}");
        var ran = await _cli.Vault.RunAsync("", "packs", "validate", file);
        Assert.Equal(1, ran.Code);
        Assert.Contains($"{file}: /id line 3: 'Bad Id' is not an id", ran.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accounts_move_in_from_other_products_after_a_dry_run_and_out_without_credentials()
    {
        var grant = _cli.World.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" });
        var nango = $$$"""
            {"connections":[
              {"connection_id":"c1","provider_config_key":"sandbox-prod","provider":"sandbox","end_user":{"id":"ada"},"credentials":{"type":"OAUTH2","access_token":"{{{grant.AccessToken}}}","refresh_token":"{{{grant.RefreshToken}}}","expires_at":"2099-01-01T00:00:00.000Z"}},
              {"connection_id":"bob","provider_config_key":"keys","credentials":{"type":"API_KEY","apiKey":"sandbox-key-0001-demo"}},
              {"connection_id":"c3","provider_config_key":"sandbox-prod","credentials":{"type":"OAUTH1","oauth_token":"x"}}]}
            """;
        string[] words =
        [
            "import",
            "nango",
            "-",
            "--map",
            "sandbox-prod=sandbox_single_use",
            "--map",
            "keys=sandbox_key",
        ];
        var shown = await _cli.Vault.RunAsync(nango, words);
        Assert.Equal(1, shown.Code);
        Assert.Contains("2 would import, 1 skipped; nothing was imported", shown.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _cli.Vault.JsonAsync("", "accounts", "list")).GetArrayLength());

        var done = await _cli.Vault.RunAsync(nango, [.. words, "--apply"]);
        Assert.Contains("2 imported, 1 skipped", done.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sbx_", shown.Out + shown.Error + done.Out + done.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sandbox-key-0001", shown.Out + done.Out, StringComparison.Ordinal);
        Assert.Equal(
            "alice",
            (await _cli.Vault.JsonAsync("", "execute", "sandbox_single_use_get_profile", "--user", "ada"))
                .GetProperty("data")
                .GetProperty("id")
                .GetString()
        );

        const string composio =
            """{"id":"ca_x","user_id":"eve","toolkit":{"slug":"sandbox_key"},"state":{"authScheme":"API_KEY","val":{"status":"ACTIVE","generic_api_key":"sandbox-key-0001-demo"}}}""";
        Assert.Contains(
            "imported",
            await _cli.Vault.OkAsync(composio, "import", "composio", "-", "--apply", "--validate"),
            StringComparison.Ordinal
        );

        var file = Path.Combine(_cli.Folder, "out.json");
        await _cli.Vault.OkAsync("", "export", "nango", "--to", file);
        Assert.False(File.Exists(file));
        await _cli.Vault.OkAsync("", "export", "nango", "--to", file, "--apply");
        Assert.Equal(
            3,
            System
                .Text.Json.JsonElement.Parse(await File.ReadAllTextAsync(file))
                .GetProperty("connections")
                .GetArrayLength()
        );
        Assert.Contains(
            "\"toolkit\"",
            await _cli.Vault.OkAsync("", "export", "composio", "--json"),
            StringComparison.Ordinal
        );

        var account = (await _cli.Vault.JsonAsync("", "accounts", "list", "--user", "ada"))[0]
            .GetProperty("id")
            .GetString()!;
        Assert.Contains(
            "confirmed",
            await _cli.Vault.OkAsync("", "accounts", "revoke", account),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            _cli.World.Hosts[0].Url,
            await _cli.Vault.OkAsync("", "connect", "--user", "ada", "--connection", "sandbox_single_use"),
            StringComparison.Ordinal
        );
        Assert.Contains("sandbox_key", await _cli.Vault.OkAsync("", "providers", "list"), StringComparison.Ordinal);
    }
}
