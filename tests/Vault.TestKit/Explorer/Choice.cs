namespace Vault.TestKit.Explorer;

internal enum Deed
{
    Begin,
    Drain,
    Continue,
    Crash,
    Revoke,
    ShutGate,
    Leap,
    SetClock,

    /// <summary>The end of a schedule: all hosts recover without faults, and the invariants are checked.</summary>
    Settle,
}

/// <summary>One step the scheduler may take.</summary>
/// <param name="Host">The index of the host; -1 for the process that revokes.</param>
internal readonly record struct Choice(Deed Deed, int Host = 0, Turn Turn = Turn.Go, long Seconds = 0)
{
    public override string ToString() =>
        Deed switch
        {
            Deed.Continue => $"{Process} {(Turn == Turn.Go ? "continues" : "continues with: " + Turn)}",
            Deed.Leap => $"{Seconds} s pass",
            Deed.SetClock => $"{Process}'s clock is set by {Seconds} s",
            Deed.Revoke => "a revocation begins",
            Deed.ShutGate => "the gate is closed",
            Deed.Settle => "everything settles",
            _ => $"{Process} {Deed.ToString().ToLowerInvariant()}s",
        };

    private string Process => Host < 0 ? "the revoker" : "h" + Host;
}
