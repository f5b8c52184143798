using Orleans.Runtime;
using Vault.Core.Errors;

namespace Vault.Host.Routing;

/// <summary>Why a call to a grain returned no result.</summary>
internal enum CallFailure
{
    /// <summary>The call was rejected before delivery, so it was not executed.</summary>
    NotDelivered,

    /// <summary>
    /// The target silo was declared dead, or the call timed out. It may have been executed, and it may still run.
    /// </summary>
    Unknown,
}

/// <summary>A result, or why there is none.</summary>
internal readonly record struct CallResult<T>(T? Value, CallFailure? Failure);

/// <summary>
/// Calls a grain and reports whether the call was delivered. An undelivered call is repeated until the dead silo is
/// evicted and the grain is placed elsewhere. That takes about three seconds, so the timeout is twice that.
/// </summary>
internal sealed class GrainCalls(TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    public static VaultError NoSiloAvailable { get; } =
        new(ErrorCatalogue.ClusterUnavailable, "No silo of the cluster accepted the call; nothing was done.")
        {
            RetryAfter = TimeSpan.FromSeconds(2),
        };

    /// <summary>One call. Cancellation and exceptions from inside the grain are thrown as they are.</summary>
    public static async Task<CallResult<T>> OnceAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return new(await call().ConfigureAwait(false), null);
        }
        catch (Exception e) when (Classify(e) is { } lost)
        {
            return new(default, lost);
        }
    }

    /// <summary>
    /// Repeats an undelivered call. With <paramref name="evenUnknown"/> it also repeats, once, a call that may have
    /// been executed: only for idempotent calls.
    /// </summary>
    /// <param name="mayRepeat">Asked before each repetition; null for idempotent calls.</param>
    public async Task<CallResult<T>> CallAsync<T>(
        Func<Task<T>> call,
        Func<Task<bool>>? mayRepeat,
        bool evenUnknown,
        CancellationToken cancellationToken
    )
    {
        // Measured from the first failure: a call may have run for a long time before its silo died, and still has the
        // whole timeout for its repetitions.
        long? lost = null;
        var pause = TimeSpan.FromMilliseconds(50);
        while (true)
        {
            var called = await OnceAsync(call).ConfigureAwait(false);
            if (called.Failure is null)
                return called;
            if (called.Failure == CallFailure.Unknown)
            {
                if (!evenUnknown)
                    return called;
                evenUnknown = false;
            }

            lost ??= time.GetTimestamp();
            if (time.GetElapsedTime(lost.Value) + pause > Timeout)
                return called;
            if (mayRepeat is not null && !await mayRepeat().ConfigureAwait(false))
                return called with { Failure = CallFailure.Unknown };
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        }
    }

    // The order matters: a SiloUnavailableException is an OrleansMessageRejectionException too.
    private static CallFailure? Classify(Exception e) =>
        e switch
        {
            SiloUnavailableException silo => OrleansErrors.IsNotSent(silo)
                ? CallFailure.NotDelivered
                : CallFailure.Unknown,
            TimeoutException => CallFailure.Unknown,
            OrleansMessageRejectionException => CallFailure.NotDelivered,
            ArgumentException lookup when OrleansErrors.IsWithoutImplementation(lookup) => CallFailure.NotDelivered,
            OrleansException placement when OrleansErrors.IsWithoutCompatibleSilo(placement) =>
                CallFailure.NotDelivered,
            _ => null,
        };
}
