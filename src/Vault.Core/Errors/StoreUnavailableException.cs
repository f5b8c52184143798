namespace Vault.Core.Errors;

/// <summary>
/// The database cannot be reached, timed out or failed: an infrastructure failure, reported as
/// <c>store_unavailable</c>. A lost race is not one: it is a <c>WriteOutcome</c>. The message names the operation and
/// the database's own code, never a value of a row.
/// </summary>
public sealed class StoreUnavailableException(string message, bool mayHaveCommitted, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>
    /// True when the connection was lost after the write was sent: it may be committed or not. Read the row before
    /// acting on it. False: nothing was written.
    /// </summary>
    public bool MayHaveCommitted { get; } = mayHaveCommitted;
}
