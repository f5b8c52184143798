namespace Vault.Core.Persistence;

public enum WriteOutcome
{
    Written,

    /// <summary>
    /// Another writer was first (or the row is gone, or on insert already there): read again and decide again.
    /// </summary>
    Stale,

    /// <summary>
    /// The write asked for an open gate and the gate is shut or its epoch has moved; nothing was written.
    /// </summary>
    GateShut,
}
