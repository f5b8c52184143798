using System.Net;

namespace Vault.Host.Tests.Cli;

/// <summary>A pack with other addresses is stored, shown and accepted with the command line, by two keys.</summary>
public sealed class AcceptOriginsTests : IAsyncLifetime
{
    private CliWorld _cli = null!;

    public async Task InitializeAsync() => _cli = await CliWorld.StartAsync();

    public async Task DisposeAsync() => await _cli.DisposeAsync();

    [Fact]
    public async Task A_pack_that_waits_is_shown_and_comes_into_force_with_a_second_key()
    {
        var (first, second) = (await KeyAsync(), await KeyAsync());
        var storing = _cli.Vault.With("VAULT_KEY", first);
        var file = Path.Combine(AppContext.BaseDirectory, "packs", "sandbox_key.json");
        var pack = Path.Combine(_cli.Folder, "moved.json");
        await File.WriteAllTextAsync(
            pack,
            (await File.ReadAllTextAsync(file)).Replace(
                "\"base_url\": \"{base_url}/key-api\"",
                "\"base_url\": \"http://127.0.0.1:1/key-api\"",
                StringComparison.Ordinal
            )
        );
        var added = await storing.OkAsync("", "packs", "add", pack);
        Assert.Contains("vaultctl providers accept-origins sandbox_key", added, StringComparison.Ordinal);

        var shown = await _cli.Vault.OkAsync("", "providers", "accept-origins", "sandbox_key");
        Assert.Contains("http://127.0.0.1:1", shown, StringComparison.Ordinal);
        var waiting = await _cli.Vault.JsonAsync("", "providers", "accept-origins", "sandbox_key");
        var change = waiting.GetProperty("change").GetString()!;
        string[] accept = ["providers", "accept-origins", "sandbox_key", "--change", change];
        Assert.NotEqual(0, (await storing.RunAsync("", accept)).Code);
        var other = _cli.Vault.With("VAULT_KEY", second);
        Assert.Contains("is in force", await other.OkAsync("", accept), StringComparison.Ordinal);

        async Task<string> KeyAsync()
        {
            var made = await _cli.World.PostAsync(
                "/v1/api_keys",
                new { name = "operator", permissions = new[] { "providers:read", "providers:write" } }
            );
            Assert.Equal(HttpStatusCode.Created, made.Status);
            return made["key"];
        }
    }
}
