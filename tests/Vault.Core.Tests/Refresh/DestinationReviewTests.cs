using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.Core.Refresh;
using Vault.Core.Sealing;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

/// <summary>What a change of addresses stops, and that nothing unbound is left when it takes effect.</summary>
public sealed class DestinationReviewTests : IDisposable
{
    private readonly AccountBench _bench = new();

    private DestinationReview Review => new(_bench.Store.Accounts, _bench.Host.Binder, _bench.Host.Clients);

    [Fact]
    public async Task It_counts_the_active_accounts_that_are_bound_elsewhere()
    {
        await _bench.ConnectAsync(user: "ada");
        await _bench.ConnectAsync(user: "bob");
        var revoked = await _bench.ConnectAsync(user: "eve");
        await _bench.RunAsync(_bench.Host.Revoker.RevokeAsync(revoked, "key_1", "test", default));
        Assert.Equal(0, await StoppedByAsync(AcmePacks.ApiHost));
        Assert.Equal(2, await StoppedByAsync("evil.example"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Nothing_stays_unbound_also_when_other_writers_win_every_race(int races)
    {
        var key = await _bench.ConnectAsync();
        await UnbindAsync(key);
        var secret = Secret.From("client-secret");
        var blob = await _bench.Sealer.SealAsync(
            secret,
            SealContext.ClientSecret(AccountBench.Acme, "conn_1", 1),
            default
        );
        await ChangeAsync(c => c with { ClientSecret = blob.Value, SecretGeneration = 1 });
        var left = new Dictionary<string, int> { ["accounts.update"] = races, ["connections.update"] = races };
        _bench.Store.Before = async call =>
        {
            if (!left.TryGetValue(call, out var more) || more == 0)
                return;
            left[call] = more - 1;
            var before = _bench.Store.Before;
            _bench.Store.Before = null;
            // The same value under a new version, as the writer of an intent leaves it.
            if (call == "accounts.update")
            {
                var row = await _bench.RowAsync(key);
                await _bench.Store.Accounts.UpdateAsync(
                    row with
                    {
                        Version = row.Version + 1,
                    },
                    row.Version,
                    GateCheck.None,
                    [],
                    default
                );
            }
            else
                await ChangeAsync(c => c);
            _bench.Store.Before = before;
        };
        Assert.Equal(1, await StoppedByAsync("evil.example"));
        Assert.Equal(_bench.Packs.Origins, (await _bench.RowAsync(key)).Grant!.ReadDestinations());
        Assert.Equal(_bench.Packs.Origins, (await ConnectionAsync()).ClientSecret!.ReadDestinations());
        Assert.All(left.Values, v => Assert.Equal(0, v));
    }

    [Fact]
    public async Task A_value_that_nobody_can_open_stops_no_change()
    {
        var key = await _bench.ConnectAsync();
        await UnbindAsync(key);
        var row = await _bench.RowAsync(key);
        var bytes = row.Grant!.Bytes.ToArray();
        bytes[^1] ^= 1;
        await WriteAsync(row with { Grant = row.Grant with { Bytes = bytes } });
        Assert.Equal(1, await StoppedByAsync("evil.example"));
    }

    public void Dispose() => _bench.Dispose();

    private async Task<long> StoppedByAsync(string host)
    {
        var pack = _bench.Packs.All.Single();
        var parameters = ImmutableSortedDictionary<string, string>.Empty.Add("host", host);
        return (await Review.StoppedByAsync(await ConnectionAsync(), pack, pack, parameters, default)).Value;
    }

    private async Task UnbindAsync(AccountKey key)
    {
        var row = await _bench.RowAsync(key);
        using var held = (await _bench.Keyring.HoldActiveAsync(AccountBench.Acme, default)).Value;
        using var grant = (await _bench.Sealing.OpenGrantAsync(row, default)).Value!;
        var place = SealContext.Grant(AccountBench.Acme, row.Id, row.State.Generation);
        await WriteAsync(row with { Grant = _bench.Sealer.Seal(held, GrantCodec.Encode(grant), place) });
    }

    private async Task WriteAsync(AccountRow row) =>
        Assert.Equal(
            WriteOutcome.Written,
            await _bench.Host.Runner.WriteAsync(row with { Version = row.Version + 1 }, GateCheck.None, [], default)
        );

    private async Task<ConnectionRow> ConnectionAsync() =>
        (await _bench.Store.Connections.FindAsync(AccountBench.Acme, "conn_1", default))!;

    private async Task ChangeAsync(Func<ConnectionRow, ConnectionRow> change)
    {
        var row = await ConnectionAsync();
        Assert.Equal(
            WriteOutcome.Written,
            await _bench.Store.Connections.UpdateAsync(
                change(row) with
                {
                    Version = row.Version + 1,
                },
                row.Version,
                [],
                default
            )
        );
    }
}
