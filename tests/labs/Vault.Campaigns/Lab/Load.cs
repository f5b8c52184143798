using System.Collections.Concurrent;

namespace Vault.Campaigns.Lab;

/// <summary>
/// Agents that execute tools all the time, whatever happens to the hosts. Each lane keeps to one host; one call in five
/// is a write.
/// </summary>
public sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly LabWorld _world;
    private readonly Task[] _lanes;
    private long _calls;

    public Load(LabWorld world, int seed)
    {
        _world = world;
        _lanes =
        [
            .. Enumerable
                .Range(0, world.Options.Lanes)
                .Select(lane => RunAsync(lane, new Random(seed + lane), _stop.Token)),
        ];
    }

    /// <summary>Answers by their code.</summary>
    public ConcurrentDictionary<string, long> Answers { get; } = new();

    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>The executions that wrote and were answered as done.</summary>
    public ConcurrentQueue<string> WritesAcknowledged { get; } = new();

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_lanes);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(int lane, Random random, CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var write = random.Next(5) == 0;
                var answer = await _world.ExecuteAsync(
                    lane % _world.Hosts.Count,
                    _world.Accounts[random.Next(_world.Accounts.Count)],
                    write,
                    cancellationToken
                );
                Interlocked.Increment(ref _calls);
                if (write && answer.IsOk)
                    WritesAcknowledged.Enqueue(answer["execution_id"]!);
                Answers.AddOrUpdate(
                    answer.IsOk
                        ? "ok"
                        : answer.Code
                            ?? (
                                answer.Status == 0
                                    ? "no answer"
                                    : answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)
                            ),
                    1,
                    (_, n) => n + 1
                );
                await Task.Delay(Pause, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
