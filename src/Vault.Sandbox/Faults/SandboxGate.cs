namespace Vault.Sandbox.Faults;

/// <summary>
/// Holds requests until it is opened. A test waits with <see cref="ReachedAsync"/> until the request has arrived, acts,
/// and opens the gate. An opened gate stays open.
/// </summary>
public sealed class SandboxGate
{
    private readonly Lock _sync = new();
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiters = [];
    private int _arrived;

    /// <summary>How many requests have arrived at the gate so far.</summary>
    public int Arrived
    {
        get
        {
            lock (_sync)
            {
                return _arrived;
            }
        }
    }

    public bool IsOpen => _open.Task.IsCompleted;

    /// <summary>Completes when at least <paramref name="count"/> requests have arrived at the gate.</summary>
    public Task ReachedAsync(int count = 1, CancellationToken cancellationToken = default)
    {
        lock (_sync)
        {
            if (_arrived >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((count, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Releases the held requests and all later ones.</summary>
    public void Open() => _open.TrySetResult();

    internal Task PassAsync(CancellationToken cancellationToken)
    {
        Arrive();
        return _open.Task.WaitAsync(cancellationToken);
    }

    internal void Arrive()
    {
        lock (_sync)
        {
            _arrived++;
            foreach (var (count, reached) in _waiters)
            {
                if (_arrived >= count)
                {
                    reached.TrySetResult();
                }
            }
        }
    }
}
