using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.Cli;

/// <summary>What an import must never do: put an account in the place of one that works, or two in one place, or write before somebody has looked.</summary>
public sealed class MovingTests : IAsyncLifetime
{
    private const string Description = """{"openapi":"3.0.3","info":{"title":"Acme","version":"1"},"servers":[{"url":"https://api.acme.example"}],"paths":{"/orders":{"get":{"operationId":"listOrders","summary":"Lists orders.","responses":{"200":{"description":"ok"}}}}},"components":{"securitySchemes":{"key":{"type":"http","scheme":"bearer"}}},"security":[{"key":[]}]}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("vault-move-").FullName;
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

    private string Nango(params string[] subjects) => "{\"connections\":[" + string.Join(',', subjects.Select((subject, i) =>
    {
        var grant = _world.Sandbox.Grants.Mint(new GrantSeed { Subject = subject });
        return $$$"""{"connection_id":"c{{{i}}}","provider_config_key":"sandbox_single_use","end_user":{"id":"ada"},"credentials":{"type":"OAUTH2","access_token":"{{{grant.AccessToken}}}","refresh_token":"{{{grant.RefreshToken}}}","expires_at":"2099-01-01T00:00:00.000Z"}}""";
    })) + "]}";

    private async Task<string?> WhoAsync() => (await _vault.JsonAsync("", "execute", "sandbox_single_use_get_profile", "--user", "ada")).GetProperty("data").GetProperty("id").GetString();

    [Fact]
    public async Task Of_two_accounts_of_one_user_for_one_connection_the_first_comes_in_and_the_second_is_named()
    {
        var ran = await _vault.RunAsync(Nango("alice", "bob"), "import", "nango", "-", "--apply");
        Assert.Equal(1, ran.Code);
        Assert.Contains("1 imported, 1 skipped", ran.Error, StringComparison.Ordinal);
        Assert.Contains("connection of its own", ran.Out, StringComparison.Ordinal);
        Assert.Equal("alice", await WhoAsync());
    }

    [Fact]
    public async Task An_account_that_works_stays_unless_it_is_said_otherwise()
    {
        await _vault.OkAsync(Nango("alice"), "import", "nango", "-", "--apply");
        var again = await _vault.RunAsync(Nango("bob"), "import", "nango", "-", "--apply");
        Assert.Equal(0, again.Code);
        Assert.Contains("1 there already", again.Error, StringComparison.Ordinal);
        Assert.Equal("alice", await WhoAsync());

        Assert.Contains("1 imported", (await _vault.RunAsync(Nango("bob"), "import", "nango", "-", "--apply", "--replace")).Error, StringComparison.Ordinal);
        Assert.Equal("bob", await WhoAsync());
    }

    [Theory]
    [InlineData("import nango - --map a=sandbox_key --map a=sandbox_single_use", "'a' is given twice")]
    [InlineData("import nango - --map nothing", "is not name=value")]
    [InlineData("import nango no-such-file.json", "no-such-file.json")]
    public async Task A_wrong_option_says_what_is_wrong_and_imports_nothing(string words, string says)
    {
        var ran = await _vault.RunAsync(Nango("alice"), words.Split(' '));
        Assert.NotEqual(0, ran.Code);
        Assert.Contains(says, ran.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await _vault.JsonAsync("", "accounts", "list")).GetArrayLength());
    }

    [Fact]
    public async Task Tools_are_written_into_a_folder_after_a_look_only()
    {
        var document = Path.Combine(_folder, "openapi.json");
        var packs = Directory.CreateDirectory(Path.Combine(_folder, "packs")).FullName;
        await File.WriteAllTextAsync(document, Description);
        string[] words = ["tools", "import", document, "--provider", "acme", "--to", packs];

        var look = await _vault.JsonAsync("", words);
        Assert.Equal(("False", 1), (look.GetProperty("applied").ToString(), look.GetProperty("tools").GetArrayLength()));
        Assert.Empty(Directory.GetFiles(packs));

        var other = await _vault.RunAsync("", [.. words, "--review", "0000"]);
        Assert.Equal(1, other.Code);
        Assert.Contains("not what was reviewed", other.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(packs));

        await _vault.OkAsync("", [.. words, "--review", look.GetProperty("review").GetString()!]);
        Assert.Equal(2, Directory.GetFiles(packs).Length);
    }

    [Fact]
    public async Task A_folder_with_a_refused_pack_is_not_written_into()
    {
        var document = Path.Combine(_folder, "openapi.json");
        var packs = Directory.CreateDirectory(Path.Combine(_folder, "packs")).FullName;
        await File.WriteAllTextAsync(document, Description);
        await File.WriteAllTextAsync(Path.Combine(packs, "acme.json"), "{ mine, and half done");
        var ran = await _vault.RunAsync("", "tools", "import", document, "--provider", "acme", "--to", packs, "--yes");
        Assert.Equal(1, ran.Code);
        Assert.Contains("vault packs validate", ran.Error, StringComparison.Ordinal);
        Assert.Equal("{ mine, and half done", await File.ReadAllTextAsync(Path.Combine(packs, "acme.json")));
    }

    [Fact]
    public async Task An_address_that_is_no_vault_is_said_in_a_line()
    {
        var ran = await _vault.With("VAULT_URL", _world.Sandbox.BaseUrl).RunAsync("", "tools", "list");
        Assert.Equal((1, ""), (ran.Code, ran.Out));
        Assert.StartsWith("vault: ", ran.Error, StringComparison.Ordinal);
    }
}
