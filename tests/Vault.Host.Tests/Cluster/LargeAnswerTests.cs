using System.Net;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cluster;

/// <summary>A large tool result crosses from the silo that called the provider to the silo that was asked.</summary>
[Collection(ClusterCollection.Name)]
public sealed class LargeAnswerTests
{
    private const int Bytes = 8 * 1024 * 1024;
    private static readonly string[] Cap = ["--max-output-bytes", "16777216"];

    [Fact]
    public async Task A_result_of_8_MiB_goes_from_silo_to_silo()
    {
        await using var world = await World.StartAsync(1, true, ["--role", "gateway", .. Cap]);
        await world.AddHostAsync(["--role", "worker", .. Cap]);
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));

        var answer = await world.ExecuteAsync(organization, "ada", "sandbox_single_use_large", new { bytes = Bytes });

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text[..Math.Min(500, answer.Text.Length)]);
        Assert.Equal("false", answer["truncated"]);
        Assert.True(
            answer.Json.GetProperty("data").GetRawText().Length >= Bytes,
            $"{answer.Json.GetProperty("data").GetRawText().Length} characters"
        );
    }
}
