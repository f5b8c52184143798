namespace Vault.Core.Persistence;

public enum WriteOutcome
{
    Written,

    /// <summary>
    /// Another writer was first, the row was deleted, or an inserted row already exists. Read and decide again.
    /// </summary>
    Stale,

    /// <summary>
    /// The write requires an open gate, and the gate is closed or its epoch has changed. Nothing was written.
    /// </summary>
    GateShut,
}
