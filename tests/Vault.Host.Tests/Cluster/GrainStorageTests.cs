using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Cluster;

/// <summary>
/// The grain storage of a real host: Orleans' own provider on our statements (PostgreSQL), and ours (SQLite). Two
/// writers never both win, and the two stores give the same versions.
/// </summary>
public abstract class GrainStorageTests(bool postgres) : IAsyncLifetime
{
    private static readonly GrainId Id = GrainId.Create("kept", "ada/löve");
    private World _world = null!;

    private IGrainStorage Storage => _world.Hosts[0].Services.GetRequiredService<IGrainStorage>();

    public async Task InitializeAsync() => _world = await World.StartAsync(1, postgres);

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Of_two_writers_one_wins()
    {
        var (mine, theirs) = (await ReadAsync<List<string>>(), await ReadAsync<List<string>>());
        Assert.Equal((false, null), (mine.RecordExists, mine.ETag));
        Assert.Equal([], mine.State!);

        // Both believe that there is none yet.
        mine.State = ["mine"];
        await Storage.WriteStateAsync("state", Id, mine);
        Assert.Equal((true, "1"), (mine.RecordExists, mine.ETag));
        theirs.State = ["theirs"];
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("state", Id, theirs));
        Assert.Equal((false, null), (theirs.RecordExists, theirs.ETag));

        await Storage.ReadStateAsync("state", Id, theirs);
        Assert.Equal(["mine"], theirs.State);
        theirs.State = ["second"];
        await Storage.WriteStateAsync("state", Id, theirs);
        Assert.Equal("2", theirs.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("state", Id, mine));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("state", Id, mine));
        Assert.Equal(["second"], (await ReadAsync<List<string>>()).State!);
    }

    [Fact]
    public async Task What_was_cleared_is_gone_and_keeps_its_version()
    {
        var (kept, never) = (await ReadAsync<List<string>>(), await ReadAsync<List<string>>());
        await Storage.ClearStateAsync("state", Id, never);
        Assert.Equal((false, null), (never.RecordExists, never.ETag));
        kept.State = ["kept"];
        await Storage.WriteStateAsync("state", Id, kept);

        // Who has not read it clears what is there.
        await Storage.ClearStateAsync("state", Id, never);
        Assert.Equal((false, "2"), (never.RecordExists, never.ETag));
        var read = await ReadAsync<List<string>>();
        Assert.Equal((false, "2"), (read.RecordExists, read.ETag));
        Assert.Equal([], read.State!);

        await Storage.ClearStateAsync("state", Id, read);
        Assert.Equal("3", read.ETag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("state", Id, never));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("state", Id, never));
        var first = new GrainState<List<string>>(["believes that it is the first"]);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("state", Id, first));
        read.State = ["again"];
        await Storage.WriteStateAsync("state", Id, read);
        Assert.Equal((true, "4"), (read.RecordExists, read.ETag));
    }

    [Fact]
    public async Task Of_writers_at_once_each_adds_its_own()
    {
        const int Writers = 8,
            Times = 5;
        await Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(async writer =>
                {
                    for (var i = 0; i < Times; i++)
                    {
                        var state = await ReadAsync<List<string>>();
                        state.State!.Add($"{writer}/{i}");
                        try
                        {
                            await Storage.WriteStateAsync("state", Id, state);
                        }
                        catch (InconsistentStateException)
                        {
                            i--;
                        }
                    }
                })
        );

        var all = await ReadAsync<List<string>>();
        Assert.Equal((Writers * Times).ToString(CultureInfo.InvariantCulture), all.ETag);
        Assert.Equal(Writers * Times, all.State!.Distinct().Count());
    }

    [Fact]
    public async Task Names_and_grains_have_each_a_state_of_their_own()
    {
        var number = GrainId.Create(Id.Type, GrainIdKeyExtensions.CreateIntegerKey(7));
        (string Name, GrainId Grain)[] all =
        [
            ("state", Id),
            ("other", Id),
            ("state", GrainId.Create("kept", "Ada/löve")),
            ("state", number),
        ];
        foreach (var (name, grain) in all)
            await Storage.WriteStateAsync(name, grain, new GrainState<List<string>>([name, grain.ToString()]));
        foreach (var (name, grain) in all)
            Assert.Equal([name, grain.ToString()], (await ReadAsync<List<string>>(name, grain)).State!);
    }

    [Fact]
    public async Task A_version_skips_what_it_does_not_know_and_goes_without_what_is_missing()
    {
        var full = new Newer
        {
            Count = 3,
            Since = DateTimeOffset.UnixEpoch,
            Added = ["a"],
        };
        await Storage.WriteStateAsync("state", Id, new GrainState<Newer>(full));
        var older = await ReadAsync<Older>();
        Assert.Equal(3, older.State!.Count);

        older.State = new Older { Count = 4 };
        await Storage.WriteStateAsync("state", Id, older);
        var newer = (await ReadAsync<Newer>()).State!;
        Assert.Equal((4, null, 0), (newer.Count, newer.Since, newer.Added.Count));
    }

    private async Task<GrainState<T>> ReadAsync<T>(string name = "state", GrainId? grain = null)
    {
        var state = new GrainState<T>();
        await Storage.ReadStateAsync(name, grain ?? Id, state);
        return state;
    }

    private sealed record Older
    {
        public int Count { get; init; }
    }

    private sealed record Newer
    {
        public int Count { get; init; }

        public DateTimeOffset? Since { get; init; }

        public IReadOnlyList<string> Added { get; init; } = [];
    }
}

public sealed class SqliteGrainStorageTests() : GrainStorageTests(false);

[Collection(ClusterCollection.Name)]
public sealed class PostgresGrainStorageTests() : GrainStorageTests(true);
