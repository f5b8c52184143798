using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.Cli;

/// <summary>Commands against a real host: answers, exit codes, and what is never shown.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-cli-").FullName;
    private World _world = null!;
    private CommandLine _vault = null!;

    public async Task InitializeAsync()
    {
        _world = await World.StartAsync();
        var organization = await _world.OrganizationAsync();
        await _world.ConnectionAsync(organization, "sandbox_single_use");
        await _world.ConnectionAsync(organization, "sandbox_key");
        _vault = new CommandLine(new Dictionary<string, string> { ["VAULT_URL"] = _world.Hosts[0].Url, ["VAULT_KEY"] = _world.AdminKey, ["VAULT_ORGANIZATION"] = organization });
    }

    public async Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("tools import x.json")]
    [InlineData("connect --user ada")]
    [InlineData("execute sandbox_get_profile --input {broken")]
    [InlineData("tools show x --format yaml")]
    [InlineData("packs validate no-such-file.json")]
    public async Task A_wrong_command_says_what_is_wrong_and_ends_with_2(string words)
    {
        var ran = await _vault.RunAsync("", words.Split(' '));
        Assert.Equal((2, ""), (ran.Code, ran.Out));
        Assert.StartsWith("vault: ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_where_the_vault_is_or_who_asks_when_that_is_missing_and_never_takes_a_key_as_an_option()
    {
        Assert.Contains("VAULT_URL", (await new CommandLine(new Dictionary<string, string>()).RunAsync("", "tools", "list")).Error, StringComparison.Ordinal);
        Assert.Contains("VAULT_KEY", (await new CommandLine(new Dictionary<string, string> { ["VAULT_URL"] = "http://127.0.0.1:1" }).RunAsync("", "tools", "list")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await _vault.RunAsync("", "tools", "list", "--key", "vk_live_x")).Code);
        var stranger = await _vault.With("VAULT_KEY", "vk_live_01m82atr19kcw8wt6dg733b24n_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").RunAsync("", "tools", "list");
        Assert.Equal((1, true), (stranger.Code, stranger.Error.Contains("unauthenticated", StringComparison.Ordinal)));
        Assert.Contains("Examples:", (await _vault.RunAsync("", "tools", "--help")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_by_itself_tells_of_itself()
    {
        var table = await _vault.OkAsync("", "cluster");
        Assert.Contains(_world.Urls[0], table, StringComparison.Ordinal);
        Assert.Contains("active", table, StringComparison.Ordinal);
        Assert.Contains("\"cluster\": null", await _vault.OkAsync("", "cluster", "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_pack_is_refused_with_file_and_line()
    {
        var file = Path.Combine(_folder, "bad.json");
        await File.WriteAllTextAsync(file, "{\n  \"format\": 1,\n  \"id\": \"Bad Id\"\n}");
        var ran = await _vault.RunAsync("", "packs", "validate", file);
        Assert.Equal(1, ran.Code);
        Assert.Contains($"{file}: /id line 3: 'Bad Id' is not an id", ran.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accounts_move_in_from_other_products_after_a_dry_run_and_out_without_credentials()
    {
        var grant = _world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" });
        var nango = $$$"""
            {"connections":[
              {"connection_id":"c1","provider_config_key":"sandbox-prod","provider":"sandbox","end_user":{"id":"ada"},"credentials":{"type":"OAUTH2","access_token":"{{{grant.AccessToken}}}","refresh_token":"{{{grant.RefreshToken}}}","expires_at":"2099-01-01T00:00:00.000Z"}},
              {"connection_id":"bob","provider_config_key":"keys","credentials":{"type":"API_KEY","apiKey":"sandbox-key-0001-demo"}},
              {"connection_id":"c3","provider_config_key":"sandbox-prod","credentials":{"type":"OAUTH1","oauth_token":"x"}}]}
            """;
        string[] words = ["import", "nango", "-", "--map", "sandbox-prod=sandbox_single_use", "--map", "keys=sandbox_key"];
        var shown = await _vault.RunAsync(nango, words);
        Assert.Equal(1, shown.Code);
        Assert.Contains("2 would import, 1 skipped; nothing was done", shown.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _vault.JsonAsync("", "accounts", "list")).GetArrayLength());

        var done = await _vault.RunAsync(nango, [.. words, "--apply"]);
        Assert.Contains("2 imported, 1 skipped", done.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sbx_", shown.Out + shown.Error + done.Out + done.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("sandbox-key-0001", shown.Out + done.Out, StringComparison.Ordinal);
        Assert.Equal("alice", (await _vault.JsonAsync("", "execute", "sandbox_single_use_get_profile", "--user", "ada")).GetProperty("data").GetProperty("id").GetString());

        const string composio = """{"id":"ca_x","user_id":"eve","toolkit":{"slug":"sandbox_key"},"state":{"authScheme":"API_KEY","val":{"status":"ACTIVE","generic_api_key":"sandbox-key-0001-demo"}}}""";
        Assert.Contains("imported", await _vault.OkAsync(composio, "import", "composio", "-", "--apply", "--validate"), StringComparison.Ordinal);

        var file = Path.Combine(_folder, "out.json");
        await _vault.OkAsync("", "export", "nango", "--to", file);
        Assert.False(File.Exists(file));
        await _vault.OkAsync("", "export", "nango", "--to", file, "--apply");
        Assert.Equal(3, System.Text.Json.JsonElement.Parse(await File.ReadAllTextAsync(file)).GetProperty("connections").GetArrayLength());
        Assert.Contains("\"toolkit\"", await _vault.OkAsync("", "export", "composio", "--json"), StringComparison.Ordinal);

        var account = (await _vault.JsonAsync("", "accounts", "list", "--user", "ada"))[0].GetProperty("id").GetString()!;
        Assert.Contains("confirmed", await _vault.OkAsync("", "accounts", "revoke", account), StringComparison.Ordinal);
        Assert.StartsWith(_world.Hosts[0].Url, await _vault.OkAsync("", "connect", "--user", "ada", "--connection", "sandbox_single_use"), StringComparison.Ordinal);
        Assert.Contains("sandbox_key", await _vault.OkAsync("", "providers", "list"), StringComparison.Ordinal);
    }
}
