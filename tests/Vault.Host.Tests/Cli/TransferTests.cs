using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.Cli;

/// <summary>
/// What an import must never do: put an account in the place of one that works, or two in one place, or write before
/// somebody has looked.
/// </summary>
public sealed class TransferTests : IAsyncLifetime
{
    private const string Description =
        """{"openapi":"3.0.3","info":{"title":"Acme","version":"1"},"servers":[{"url":"https://api.acme.example"}],"paths":{"/orders":{"get":{"operationId":"listOrders","summary":"Lists orders.","responses":{"200":{"description":"ok"}}}}},"components":{"securitySchemes":{"key":{"type":"http","scheme":"bearer"}}},"security":[{"key":[]}]}""";

    private CliWorld _cli = null!;

    public async Task InitializeAsync() => _cli = await CliWorld.StartAsync("sandbox_single_use", "sandbox_key");

    public async Task DisposeAsync() => await _cli.DisposeAsync();

    private string Nango(params string[] subjects) =>
        "{\"connections\":["
        + string.Join(
            ',',
            subjects.Select(
                (subject, i) =>
                {
                    var grant = _cli.World.Sandbox.Grants.Mint(new GrantSeed { Subject = subject });
                    return $$$"""{"connection_id":"c{{{i}}}","provider_config_key":"sandbox_single_use","end_user":{"id":"ada"},"credentials":{"type":"OAUTH2","access_token":"{{{grant.AccessToken}}}","refresh_token":"{{{grant.RefreshToken}}}","expires_at":"2099-01-01T00:00:00.000Z"}}""";
                }
            )
        )
        + "]}";

    private async Task<string?> WhoAsync() =>
        (await _cli.Vault.JsonAsync("", "execute", "sandbox_single_use_get_profile", "--user", "ada"))
            .GetProperty("data")
            .GetProperty("id")
            .GetString();

    [Fact]
    public async Task Of_two_accounts_of_one_user_for_one_connection_the_first_comes_in_and_the_second_is_named()
    {
        var ran = await _cli.Vault.RunAsync(Nango("alice", "bob"), "import", "nango", "-", "--apply");
        Assert.Equal(1, ran.Code);
        Assert.Contains("1 imported, 1 skipped", ran.Error, StringComparison.Ordinal);
        Assert.Contains("connection of its own", ran.Out, StringComparison.Ordinal);
        Assert.Equal("alice", await WhoAsync());
    }

    [Fact]
    public async Task An_account_that_works_stays_unless_it_is_said_otherwise()
    {
        await _cli.Vault.OkAsync(Nango("alice"), "import", "nango", "-", "--apply");
        var again = await _cli.Vault.RunAsync(Nango("bob"), "import", "nango", "-", "--apply");
        Assert.Equal(0, again.Code);
        Assert.Contains("1 exists", again.Error, StringComparison.Ordinal);
        Assert.Equal("alice", await WhoAsync());

        Assert.Contains(
            "1 imported",
            (await _cli.Vault.RunAsync(Nango("bob"), "import", "nango", "-", "--apply", "--replace")).Error,
            StringComparison.Ordinal
        );
        Assert.Equal("bob", await WhoAsync());
    }

    [Theory]
    [InlineData("import nango - --map a=sandbox_key --map a=sandbox_single_use", "'a' is given twice")]
    [InlineData("import nango - --map nothing", "is not name=value")]
    [InlineData("import nango no-such-file.json", "no-such-file.json")]
    public async Task A_wrong_option_says_what_is_wrong_and_imports_nothing(string words, string says)
    {
        var ran = await _cli.Vault.RunAsync(Nango("alice"), words.Split(' '));
        Assert.NotEqual(0, ran.Code);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _cli.Vault.JsonAsync("", "accounts", "list")).GetArrayLength());
    }

    [Fact]
    public async Task Tools_are_written_into_a_folder_after_a_look_only()
    {
        var document = Path.Combine(_cli.Folder, "openapi.json");
        var packs = Directory.CreateDirectory(Path.Combine(_cli.Folder, "packs")).FullName;
        await File.WriteAllTextAsync(document, Description);
        string[] words = ["tools", "import", document, "--provider", "acme", "--to", packs];

        var look = await _cli.Vault.JsonAsync("", words);
        Assert.Equal(
            ("False", 1),
            (look.GetProperty("applied").ToString(), look.GetProperty("tools").GetArrayLength())
        );
        Assert.Empty(Directory.GetFiles(packs));

        var other = await _cli.Vault.RunAsync("", [.. words, "--review", "0000"]);
        Assert.Equal(1, other.Code);
        Assert.Contains("differs from what was reviewed", other.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(packs));

        await _cli.Vault.OkAsync("", [.. words, "--review", look.GetProperty("review").GetString()!]);
        Assert.Equal(2, Directory.GetFiles(packs).Length);
    }

    [Fact]
    public async Task A_folder_with_a_refused_pack_is_not_written_into()
    {
        var document = Path.Combine(_cli.Folder, "openapi.json");
        var packs = Directory.CreateDirectory(Path.Combine(_cli.Folder, "packs")).FullName;
        await File.WriteAllTextAsync(document, Description);
        await File.WriteAllTextAsync(Path.Combine(packs, "acme.json"), "{ mine, and half done");
        var ran = await _cli.Vault.RunAsync(
            "",
            "tools",
            "import",
            document,
            "--provider",
            "acme",
            "--to",
            packs,
            "--yes"
        );
        Assert.Equal(1, ran.Code);
        Assert.Contains("vaultctl packs validate", ran.Error, StringComparison.Ordinal);
        Assert.Equal("{ mine, and half done", await File.ReadAllTextAsync(Path.Combine(packs, "acme.json")));
    }

    [Fact]
    public async Task An_address_that_is_no_vault_is_said_in_a_line()
    {
        var ran = await _cli.Vault.With("VAULT_URL", _cli.World.Sandbox.BaseUrl).RunAsync("", "tools", "list");
        Assert.Equal((1, ""), (ran.Code, ran.Out));
        Assert.StartsWith("vaultctl: ", ran.Error, StringComparison.Ordinal);
    }
}
