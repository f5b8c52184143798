using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cli;

/// <summary>A host, the administrator's command line to it, and a folder for files.</summary>
internal sealed class CliWorld : IAsyncDisposable
{
    private CliWorld(World world, CommandLine vault) => (World, Vault) = (world, vault);

    public World World { get; }

    public CommandLine Vault { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("vault-cli-").FullName;

    /// <param name="connections">Of an organization that the command line then speaks for; with none it is given no
    /// organization.</param>
    public static async Task<CliWorld> StartAsync(params string[] connections)
    {
        var world = await World.StartAsync();
        var environment = new Dictionary<string, string>
        {
            ["VAULT_URL"] = world.Hosts[0].Url,
            ["VAULT_KEY"] = world.AdminKey,
        };
        if (connections.Length > 0)
        {
            var organization = await world.OrganizationAsync();
            foreach (var connection in connections)
                await world.ConnectionAsync(organization, connection);
            environment["VAULT_ORGANIZATION"] = organization;
        }

        return new CliWorld(world, new CommandLine(environment));
    }

    public async ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        await World.DisposeAsync();
    }
}
