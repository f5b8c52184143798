using System.Net;
using Microsoft.Data.Sqlite;
using Vault.Host.Commands;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.Setup;

/// <summary>
/// Retired versions of an organization's key end by an operator's word, beside the running host, and never one that is
/// needed.
/// </summary>
public sealed class KeysDestroyTests
{
    [Fact]
    public async Task Only_what_was_retired_long_enough_ago_ends()
    {
        await using var world = await World.StartAsync(1, postgres: false);
        var data = Path.Combine(world.Folder, "host0");
        var organization = await world.OrganizationAsync();
        var connection = await world.ConnectionAsync(organization, "sandbox_single_use");
        await world.ImportAsync(
            organization,
            "ada",
            connection,
            world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" }),
            DateTimeOffset.UtcNow.AddHours(1)
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.PostAsync($"/v1/organizations/{organization}:rotate_key", new { })).Status
        );

        Assert.Equal(
            (
                0,
                "0 retired keys destroyed, 1 kept: retired less than 30 days ago, or a row is still sealed under them."
            ),
            await RunAsync(data, organization, "30")
        );
        await using (
            var file = new SqliteConnection($"Data Source={Directory.GetFiles(data, "*.db").Single()};Pooling=False")
        )
        {
            await file.OpenAsync();
            await using var back = file.CreateCommand();
            back.CommandText =
                "update organization_keys set changed_at = changed_at - 31 * 86400000000 where version = 1";
            Assert.Equal(1, await back.ExecuteNonQueryAsync());
        }

        Assert.Equal(
            (
                0,
                "1 retired keys destroyed, 0 kept: retired less than 30 days ago, or a row is still sealed under them."
            ),
            await RunAsync(data, organization, "30")
        );
        Assert.Equal(("operator", 1), await ToldAsync("organization.key_destroyed"));
        Assert.Equal(2, (await ToldAsync("organization.key_rotated")).Version);
        var answer = await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile");
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());

        async Task<(string? Caller, int Version)> ToldAsync(string type)
        {
            var entry = Assert.Single(await world.LedgerAsync(organization, type));
            return (
                entry.GetProperty("caller").GetString(),
                entry.GetProperty("details").GetProperty("key_version").GetInt32()
            );
        }
    }

    [Theory]
    [InlineData("org_00000000000000000000000000", "30", "There is no organization")]
    [InlineData("acme", "30", "organization id")]
    [InlineData("org_00000000000000000000000000", "0", "1 to 65535")]
    [InlineData("org_00000000000000000000000000", "soon", "1 to 65535")]
    public async Task What_it_cannot_do_it_says(string organization, string days, string told)
    {
        var data = Directory.CreateTempSubdirectory("vault-keys-").FullName;
        try
        {
            Assert.Contains(
                told,
                (await Assert.ThrowsAsync<StartException>(() => RunAsync(data, organization, days))).Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<(int Exit, string Told)> RunAsync(string data, string organization, string days)
    {
        var (options, faults) = VaultOptions.Read(["--data", data, "--environment", "development"], []);
        Assert.Empty(faults);
        await using var told = new StringWriter();
        var exit = await HostCommand.RunAsync(["keys-destroy", organization, days], options!, told, default);
        return (exit, told.ToString().Trim());
    }
}
