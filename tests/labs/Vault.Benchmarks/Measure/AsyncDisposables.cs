namespace Vault.Benchmarks.Measure;

/// <summary>Disposes what was started, last first, also when starting the next failed.</summary>
internal sealed class AsyncDisposables : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _things = new();

    public T Add<T>(T thing)
        where T : IAsyncDisposable
    {
        _things.Push(thing);
        return thing;
    }

    public async ValueTask DisposeAsync()
    {
        while (_things.TryPop(out var thing))
            await thing.DisposeAsync();
    }
}
