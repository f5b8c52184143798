using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Vault.Client;
using Vault.Client.Cluster;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Cluster;

/// <summary>The client through the cluster: the same answers and errors as over HTTP, with TLS on both sides.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ClusterClientTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-client-").FullName;
    private readonly ClusterCertificates _certificates;

    public ClusterClientTests() => _certificates = new ClusterCertificates(_folder);

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task It_executes_lists_tells_errors_as_types_and_revokes()
    {
        await using var world = await World.StartAsync(
            1,
            true,
            [.. _certificates.Options(), "--client-port", FreePorts.Next().ToString(CultureInfo.InvariantCulture)]
        );
        await world.AddHostAsync(_certificates.Options());
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddMinutes(-1));
        var options = world.Hosts[0].Services.GetRequiredService<VaultOptions>();
        var own = _certificates.Options(intermediate: true);
        await using var vault = await VaultClusterClient.ConnectAsync(
            new VaultClusterOptions
            {
                Cluster = options.Silo.Cluster,
                Database = options.Database!,
                ApiKey = world.AdminKey,
                OrganizationId = organization,
                Certificate = own[1],
                CertificateKey = own[3],
                Authority = own[5],
            }
        );

        var execution = await vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" });
        Assert.Equal("succeeded", execution.Outcome);
        Assert.Equal("finished", (await vault.GetExecutionAsync(execution.ExecutionId)).State);
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);

        // A repeated key is one execution here too.
        var write = new ToolCall("sandbox_single_use_create_item")
        {
            UserId = "ada",
            Input = new { name = "once" },
            IdempotencyKey = "order-1",
        };
        Assert.Equal((await vault.ExecuteAsync(write)).ExecutionId, (await vault.ExecuteAsync(write)).ExecutionId);
        Assert.Equal(1, world.Sandbox.Counters.ApiCallsByPath["POST /api/items"]);

        var tools = new List<ToolDescription>();
        await foreach (
            var tool in vault.ListToolsAsync(new ToolFilter { UserId = "ada", Provider = "sandbox_single_use" })
        )
            tools.Add(tool);
        Assert.Contains(tools, t => t is { Name: "sandbox_single_use_get_profile", Requirement.Ready: true });
        Assert.NotEmpty(await vault.GetFunctionsAsync("ada", new ToolFilter { Provider = "sandbox_single_use" }));
        await Assert.ThrowsAsync<InvalidCallException>(() =>
            vault.ExecuteAsync(
                new ToolCall("sandbox_single_use_create_item") { UserId = "ada", Input = new { wrong = 1 } }
            )
        );

        var accounts = new List<ConnectedAccount>();
        await foreach (var account in vault.ListAccountsAsync(new AccountFilter { UserId = "ada" }))
            accounts.Add(account);
        await vault.RevokeAccountAsync(Assert.Single(accounts).Id);
        await Assert.ThrowsAsync<ReconnectNeededException>(() =>
            vault.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" })
        );

        // Who has no key gets no further than over HTTP.
        await using var nobody = new VaultClusterClient(
            world.Hosts[1].Services.GetRequiredService<Orleans.IGrainFactory>(),
            "vk_live_nobody",
            organization
        );
        var refused = await Assert.ThrowsAsync<RefusedException>(() =>
            nobody.ExecuteAsync(new ToolCall("sandbox_single_use_get_profile") { UserId = "ada" })
        );
        Assert.Equal((int)HttpStatusCode.Unauthorized, refused.Problem.Status);
    }

    [Fact]
    public async Task A_wrong_option_is_refused_by_its_name()
    {
        using var foreign = new ClusterCertificates(_folder);
        var own = _certificates.Options();
        var half = await Assert.ThrowsAsync<ArgumentException>(() =>
            VaultClusterClient.ConnectAsync(
                new VaultClusterOptions
                {
                    Database = "Host=127.0.0.1",
                    ApiKey = "vk_live_x",
                    Certificate = own[1],
                }
            )
        );
        Assert.Contains("CertificateKey", half.Message, StringComparison.Ordinal);
        var strange = await Assert.ThrowsAsync<ArgumentException>(() =>
            VaultClusterClient.ConnectAsync(
                new VaultClusterOptions
                {
                    Database = "Host=127.0.0.1",
                    ApiKey = "vk_live_x",
                    Certificate = own[1],
                    CertificateKey = own[3],
                    Authority = foreign.AuthorityFile,
                }
            )
        );
        Assert.Contains("not signed", strange.Message, StringComparison.Ordinal);
    }
}
