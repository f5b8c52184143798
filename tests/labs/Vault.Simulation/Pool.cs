using System.Runtime.CompilerServices;

namespace Vault.Simulation;

/// <summary>
/// The pool's only worker runs the scheduler, too. Whatever the product posts to the pool waits until the scheduler
/// stands back; when nothing waits any more, every process stands at a call, at a timer, or at another's end.
/// </summary>
internal static class Pool
{
    public static bool HasOneWorker
    {
        get
        {
            ThreadPool.GetMaxThreads(out var workers, out _);
            return workers == 1;
        }
    }

    /// <summary>Ends when the pool has nothing to do but this.</summary>
    public static ValueTask QuietAsync() =>
        ThreadPool.PendingWorkItemCount == 0 ? ValueTask.CompletedTask : WaitAsync();

    private static async ValueTask WaitAsync()
    {
        while (ThreadPool.PendingWorkItemCount > 0)
            await new ToTheEnd();
    }

    private readonly struct ToTheEnd : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public ToTheEnd GetAwaiter() => this;

        public void GetResult() { }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) =>
            ThreadPool.UnsafeQueueUserWorkItem(static c => c(), continuation, preferLocal: false);
    }
}
