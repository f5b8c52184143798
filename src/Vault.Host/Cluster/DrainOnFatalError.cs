using Orleans.Runtime;
using Vault.Core.Refresh;
using Vault.Host.Background;
using Vault.Host.Options;

namespace Vault.Host.Cluster;

/// <summary>
/// Runs when the cluster has evicted this silo, for example after a long pause. Waits for in-flight refreshes to
/// commit, because their token responses would be lost, and then terminates the process. Safe: compare-and-swap rejects
/// a stale commit, and no other silo begins a refresh before the lease of the intent has lapsed (law 3).
/// </summary>
internal sealed class DrainOnFatalError(
    AccountRefresher refresher,
    ShardAssignment assignment,
    VaultOptions options,
    TimeProvider time,
    ILogger<DrainOnFatalError> log
) : IFatalErrorHandler
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        log.LogCritical(
            "The silo terminates after a fatal error ({Context} {Exception}); it finishes refreshes in progress first",
            context,
            exception?.Message
        );
        assignment.ReleaseAll();
        var begun = time.GetTimestamp();

        // Blocks the calling thread, as Orleans' own handler does: the caller must not continue.
        while (refresher.Underway.Count > 0 && time.GetElapsedTime(begun) < options.Lifecycle.Lease)
            Thread.Sleep(Look);
        Environment.FailFast($"vault-host: terminated after a fatal error: {context} {exception?.Message}");
    }
}
