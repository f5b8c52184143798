using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Data.Sqlite;
using Vault.Host.Background;
using Vault.Host.Tests.Cli;
using Vault.Host.Tests.EndToEnd;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.Setup;

/// <summary>
/// A rotation that a damaged value keeps from its end is seen wherever somebody may look, and ends once the value is
/// replaced.
/// </summary>
public sealed class BlockedRotationTests
{
    [Fact]
    public async Task A_blocked_rotation_is_in_the_answer_the_organization_the_command_line_the_log_and_the_metrics_until_it_ends()
    {
        await using var world = await World.StartAsync(1, postgres: false);
        var vault = new CommandLine(
            new Dictionary<string, string> { ["VAULT_URL"] = world.Urls[0], ["VAULT_KEY"] = world.AdminKey }
        );
        var organization = await world.OrganizationAsync();
        var connection = await world.ConnectionAsync(organization, "sandbox_single_use");
        var account = await ImportAsync();
        await using (
            var file = new SqliteConnection(
                $"Data Source={Directory.GetFiles(Path.Combine(world.Folder, "host0"), "*.db").Single()};Pooling=False"
            )
        )
        {
            await file.OpenAsync();
            await using var damage = file.CreateCommand();
            damage.CommandText = "update accounts set grant_blob = zeroblob(length(grant_blob))";
            Assert.Equal(1, await damage.ExecuteNonQueryAsync());
        }

        var ran = await vault.RunAsync("", "organizations", "rotate-key", organization);
        Assert.Equal(1, ran.Code);
        Assert.Contains("key version 2: blocked, 1 rows resealed", ran.Out, StringComparison.Ordinal);
        Assert.Contains("cannot be decrypted: connected_account " + account, ran.Out, StringComparison.Ordinal);
        Assert.Contains(
            "cannot be decrypted: connected_account " + account,
            await vault.OkAsync("", "organizations", "show", organization),
            StringComparison.Ordinal
        );
        var asked = await world.PostAsync($"/v1/organizations/{organization}:rotate_key", new { });
        Assert.Equal((HttpStatusCode.OK, "blocked", "2"), (asked.Status, asked["status"], asked["key_version"]));
        Assert.Equal("[\"connected_account " + account + "\"]", asked["blocked_rows"]);
        var read = (await world.GetAsync("/v1/organizations/" + organization)).Json.GetProperty("key_rotation");
        Assert.Equal("blocked", read.GetProperty("status").GetString());

        // Twice: it is logged when it comes about, not at every look.
        var resume = Maintenance.All(world.Hosts[0].Services).Single(c => c.Name == "key_rotation");
        await resume.Do(default);
        var lines = Lines();
        await resume.Do(default);
        Assert.Equal(lines, Lines());
        Assert.InRange(lines, 1, 2);
        Assert.Equal(1, Blocked());
        Assert.Single(await world.LedgerAsync(organization, "organization.key_rotation_begun"));

        await ImportAsync();
        await resume.Do(default);
        Assert.Equal(0, Blocked());
        Assert.Contains(
            "key version 2: finished",
            await vault.OkAsync("", "organizations", "show", organization),
            StringComparison.Ordinal
        );
        Assert.Single(await world.LedgerAsync(organization, "organization.key_rotated"));
        Assert.Single(await world.LedgerAsync(organization, "organization.key_rotation_begun"));
        Assert.Equal(
            HttpStatusCode.OK,
            (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
        );

        Task<string> ImportAsync() =>
            world.ImportAsync(
                organization,
                "ada",
                connection,
                world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" }),
                DateTimeOffset.UtcNow.AddHours(1)
            );

        // One line of the host's own look at most, beside the one made here.
        int Lines() =>
            world.Logs.Count(l =>
                l.Contains(" Error ", StringComparison.Ordinal)
                && l.Contains("is blocked", StringComparison.Ordinal)
                && l.Contains(organization, StringComparison.Ordinal)
                && l.Contains(account, StringComparison.Ordinal)
            );

        // Other tests' hosts in this process have the same gauge; no other has a blocked rotation.
        static long Blocked()
        {
            var highest = -1L;
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, of) =>
            {
                if (instrument.Name == "vault.key_rotations.blocked")
                    of.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((_, value, _, _) => highest = Math.Max(highest, value));
            listener.Start();
            listener.RecordObservableInstruments();
            return highest;
        }
    }
}
