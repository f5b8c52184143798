namespace Vault.Simulation;

/// <summary>Whom a process is talking to.</summary>
internal enum Peer
{
    Store,
    TokenEndpoint,
    Api,
    Ledger,
    Disk,

    /// <summary>Itself: a point where it may be held up, or die.</summary>
    Pause,
}

internal enum Leg
{
    /// <summary>The request is on its way; nothing has been done.</summary>
    Request,

    /// <summary>It is done; the reply is on its way.</summary>
    Reply,
}

/// <summary>
/// One call of a process to somebody else. It moves when the scheduler says so; in between anything may happen to
/// either side.
/// </summary>
internal sealed class Call(
    SimHost host,
    Peer peer,
    string what,
    Subject? subject,
    Func<object?> act,
    DateTimeOffset? end
)
{
    private readonly Func<object?> _act = act;

    public SimHost Host => host;

    public Peer Peer => peer;

    public string What => what;

    public Subject? Subject => subject;

    public Leg Leg { get; private set; }

    public object? Result { get; private set; }

    /// <summary>When the caller gives up, in true time; the other side does not act after it.</summary>
    public DateTimeOffset? End => end;

    /// <summary>The caller was held up past the end of the call while the reply lay there.</summary>
    public bool SleptOver { get; set; }

    /// <summary>Continuations run inside the scheduler's step: there is no other thread.</summary>
    public TaskCompletionSource<object?> Done { get; } = new();

    public void Arrive()
    {
        Leg = Leg.Reply;
        Result = _act();
    }
}
