using Vault.Core.Identity;
using Vault.Core.Ledger;
using static Vault.Core.Tests.Ledger.LedgerBench;

namespace Vault.Core.Tests.Ledger;

/// <summary>
/// Two hosts over one store that loses requests, loses replies, and commits attempts long after they were given up,
/// while both append and drain the outbox. Whatever the schedule: every acknowledged event stands in its chain exactly
/// once, and the chain is unbroken.
/// </summary>
public sealed class LedgerStormTests : IAsyncDisposable
{
    private readonly LedgerBench _bench = new();
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _stuck = [];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Nothing_is_lost_doubled_or_broken(int seed)
    {
        var random = new Random(seed);
        _bench.Store.BeforeAppend = _ =>
            Next(random) switch
            {
                < 10 => throw new IOException("the request was lost"),
                < 16 => StickAsync(),
                _ => FreeOneAsync(random),
            };
        _bench.Store.AfterAppend = _ =>
            Next(random) switch
            {
                < 10 => throw new IOException("the reply was lost"),
                < 14 => new TaskCompletionSource().Task,
                _ => Task.CompletedTask,
            };
        var options = Patient with { AttemptTimeout = TimeSpan.FromMilliseconds(25), GroupLimit = 40 };
        var hosts = new[] { _bench.NewWriter(options), _bench.NewWriter(options) };
        var outbox = Enumerable
            .Range(0, 150)
            .Select(i => _bench.EntryWriter.Write(_bench.Draft(i % 3 == 0 ? Globex : Acme)))
            .ToList();
        _bench.Store.AddToOutbox(outbox);

        var appended = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(n =>
                    Task.Run(async () =>
                    {
                        var mine = new List<(OrganizationId Organization, string Id)>();
                        for (var i = 0; i < 15; i++)
                        {
                            var draft = _bench.Draft((n + i) % 2 == 0 ? Acme : Globex);
                            Assert.Null(await hosts[n % 2].AppendAsync(draft, default));
                            mine.Add((draft.Organization, draft.EventId));
                            if (i % 5 == 0)
                                await hosts[n % 2].DrainOutboxAsync(default);
                        }

                        return mine;
                    })
                )
        );

        // The storm is over: late attempts come through, and find nothing left to spoil.
        (_bench.Store.BeforeAppend, _bench.Store.AfterAppend) = (null, null);
        lock (_gate)
            _stuck.ForEach(s => s.TrySetResult());
        while (_bench.Store.OutboxCount > 0)
            Assert.Null((await hosts[0].DrainOutboxAsync(default)).Error);
        foreach (var organization in new[] { Acme, Globex })
        {
            var report = await new LedgerVerifier(_bench.Store).VerifyAsync(organization, null, default);
            Assert.Empty(report.Findings);
            var expected = appended
                .SelectMany(a => a)
                .Where(a => a.Organization == organization)
                .Select(a => a.Id)
                .Concat(outbox.Where(o => o.Organization == organization).Select(o => o.EventId));
            Assert.Equal(
                expected.Order(StringComparer.Ordinal),
                _bench.Store.Entries(organization).Select(e => e.EventId).Order(StringComparer.Ordinal)
            );
        }
    }

    public async ValueTask DisposeAsync() => await _bench.CloseAsync();

    private int Next(Random random)
    {
        lock (_gate)
            return random.Next(100);
    }

    // Hangs until another call frees it: by then its caller has given up, and it commits late.
    private Task StickAsync()
    {
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
            _stuck.Add(stuck);
        return stuck.Task;
    }

    private Task FreeOneAsync(Random random)
    {
        lock (_gate)
        {
            if (_stuck.Count > 0 && random.Next(4) == 0)
            {
                var at = random.Next(_stuck.Count);
                _stuck[at].TrySetResult();
                _stuck.RemoveAt(at);
            }
        }

        return Task.CompletedTask;
    }
}
