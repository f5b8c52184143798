using Orleans.Runtime;
using Vault.Core.Errors;

namespace Vault.Host.Routing;

/// <summary>How a call to a grain ended that brought no answer.</summary>
internal enum CallFailure
{
    /// <summary>It was refused before it was delivered: it was not executed.</summary>
    NotDelivered,

    /// <summary>Its silo was declared dead, or the time is up: nobody knows, and it may even still run.</summary>
    Unknown,
}

/// <summary>An answer, or how it was lost.</summary>
internal readonly record struct CallResult<T>(T? Answer, CallFailure? Failure);

/// <summary>
/// Calls a grain and says honestly what became of the call. A call that was not delivered is repeated until the dead
/// silo is evicted and the grain lives elsewhere: that takes about three seconds, so the patience is twice that.
/// </summary>
internal sealed class GrainCalls(TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    public static VaultError NoSiloAvailable { get; } =
        new(ErrorCatalogue.ClusterUnavailable, "No silo of the cluster took the call; nothing was done.")
        {
            RetryAfter = TimeSpan.FromSeconds(2),
        };

    /// <summary>One call. Cancelling and failures inside the grain are thrown as they are.</summary>
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
    /// Repeats what was not delivered, and if <paramref name="evenUnknown"/> also, once, what may have been: only for
    /// calls that are the same done twice.
    /// </summary>
    /// <param name="mayRepeat">Asked before each repetition; null for calls that are the same done twice.</param>
    public async Task<CallResult<T>> CallAsync<T>(
        Func<Task<T>> call,
        Func<Task<bool>>? mayRepeat,
        bool evenUnknown,
        CancellationToken cancellationToken
    )
    {
        // Counted from the first loss: a call that had been under way for long when its silo died has all the patience
        // still.
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
