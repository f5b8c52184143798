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

    /// <summary>The end of a schedule: everything heals as far as it can, and what is then true is judged.</summary>
    Settle,
}

/// <summary>One step the scheduler may take.</summary>
/// <param name="Host">Index; -1 for the process that revokes.</param>
internal readonly record struct Choice(Deed Deed, int Host = 0, Turn Turn = Turn.Go, long Seconds = 0)
{
    public override string ToString() =>
        Deed switch
        {
            Deed.Continue => $"{Who} {(Turn == Turn.Go ? "goes on" : "meets: " + Turn)}",
            Deed.Leap => $"{Seconds} s pass",
            Deed.SetClock => $"{Who}'s clock is set by {Seconds} s",
            Deed.Revoke => "a revocation begins",
            Deed.ShutGate => "the gate is shut",
            Deed.Settle => "everything settles",
            _ => $"{Who} {Deed.ToString().ToLowerInvariant()}s",
        };

    private string Who => Host < 0 ? "the revoker" : "h" + Host;
}
