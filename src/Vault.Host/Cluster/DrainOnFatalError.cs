using Orleans.Runtime;
using Vault.Core.Refresh;
using Vault.Host.Background;
using Vault.Host.Options;

namespace Vault.Host.Cluster;

/// <summary>
/// How a silo ends that the others have declared dead (it was frozen, or cut off): at once, but not in the middle of a
/// refresh, whose reply would be lost with it. It may finish what it holds, because the store judges what it commits,
/// and nobody else may begin before the lease of its intent has lapsed (law 3).
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
            "The silo ends itself ({Context} {Exception}); refreshes under way are finished first",
            context,
            exception?.Message
        );
        assignment.ReleaseAll();
        var begun = time.GetTimestamp();

        // Waits on its own thread, as Orleans' own handler does: its caller must not go on.
        while (refresher.Underway.Count > 0 && time.GetElapsedTime(begun) < options.Lifecycle.Lease)
            Thread.Sleep(Look);
        Environment.FailFast($"vault-host: ended itself: {context} {exception?.Message}");
    }
}
