namespace Vault.TestKit.Explorer;

/// <summary>How the scheduler continues a waiting port call.</summary>
internal enum Turn
{
    /// <summary>The call succeeds.</summary>
    Go,

    /// <summary>The store rejects the write: nothing is written.</summary>
    Refused,

    /// <summary>The write is committed and the acknowledgement is lost.</summary>
    Unanswered,

    /// <summary>The provider responds with 503.</summary>
    Outage,

    /// <summary>The provider responds with 500 and does not act.</summary>
    Broken,

    /// <summary>The response does not arrive before the call times out.</summary>
    Lost,
}

internal enum Port
{
    Read,
    Write,

    /// <summary>The request with the provider's action.</summary>
    Send,

    /// <summary>The arrival of the response.</summary>
    Reply,
    RevokeUpstream,

    /// <summary>A point without an effect at which a process may be delayed.</summary>
    Pause,
}

/// <summary>
/// A port call of a host that waits for the scheduler. The code before the call has run; the code after it has not.
/// </summary>
internal sealed class Ticket(Port port, string about, DateTimeOffset deadline)
{
    public Port Port { get; } = port;

    public string About { get; } = about;

    /// <summary>When the call times out; only for responses.</summary>
    public DateTimeOffset Deadline { get; } = deadline;

    /// <summary>
    /// Continuations run synchronously on the scheduler's thread, in the step that completes the task: a search has no
    /// other thread.
    /// </summary>
    public TaskCompletionSource<Turn> Source { get; } = new();
}
