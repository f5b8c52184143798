namespace Vault.TestKit.Explorer;

/// <summary>How a port call that waits for the scheduler goes on.</summary>
internal enum Turn
{
    /// <summary>It does what it should.</summary>
    Go,

    /// <summary>The store refuses it: nothing is written.</summary>
    Refused,

    /// <summary>It is written and the answer is lost.</summary>
    Unanswered,

    /// <summary>The provider answers 503.</summary>
    Outage,

    /// <summary>The provider answers 500 without having acted.</summary>
    Broken,

    /// <summary>The reply does not arrive before the call gives up.</summary>
    Lost,
}

internal enum Port
{
    Read,
    Write,

    /// <summary>The request, and the provider acting on it.</summary>
    Send,

    /// <summary>The reply on its way back.</summary>
    Reply,
    RevokeUpstream,

    /// <summary>A point where nothing happens but a process may be held up.</summary>
    Pause,
}

/// <summary>
/// A port call of a host, waiting until the scheduler lets it happen. Everything before it has happened; nothing after
/// it has.
/// </summary>
internal sealed class Ticket(Port port, string about, DateTimeOffset deadline)
{
    public Port Port { get; } = port;

    public string About { get; } = about;

    /// <summary>When the call gives up on its own; only of replies.</summary>
    public DateTimeOffset Deadline { get; } = deadline;

    /// <summary>
    /// Continuations run in the scheduler's own thread, as part of the step that completes it: there is no other thread
    /// in a search.
    /// </summary>
    public TaskCompletionSource<Turn> Source { get; } = new();
}
