using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cluster;

/// <summary>Orleans' grain storage on our statements: what a grain of its own might keep one day, and above all that two writers never both win.</summary>
[Collection(ClusterCollection.Name)]
public sealed class GrainStorageTests
{
    [Fact]
    public async Task Of_two_writers_one_wins()
    {
        await using var world = await World.StartAsync(1, true);
        var storage = world.Hosts[0].Services.GetRequiredKeyedService<IGrainStorage>("Default");
        var id = GrainId.Create("kept", "ada/löve");
        var (mine, theirs) = (new GrainState<List<string>>(), new GrainState<List<string>>());
        await storage.ReadStateAsync("state", id, mine);
        await storage.ReadStateAsync("state", id, theirs);
        Assert.False(mine.RecordExists);

        // Both believe that there is none yet.
        mine.State = ["mine"];
        await storage.WriteStateAsync("state", id, mine);
        theirs.State = ["theirs"];
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("state", id, theirs));

        await storage.ReadStateAsync("state", id, theirs);
        Assert.Equal(["mine"], theirs.State);
        theirs.State = ["second"];
        await storage.WriteStateAsync("state", id, theirs);
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("state", id, mine));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("state", id, mine));

        await storage.ClearStateAsync("state", id, theirs);
        await storage.ReadStateAsync("state", id, mine);
        Assert.False(mine.RecordExists);
        mine.State = ["again"];
        await storage.WriteStateAsync("state", id, mine);
    }
}
