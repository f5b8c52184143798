namespace Vault.Core.Persistence;

/// <summary>
/// Makes a write depend on the organization's gate being open at this epoch. The check runs in the transaction of the
/// write and locks the organization's row against a concurrent gate change, so no account can be inserted before a
/// cascade's cursor.
/// </summary>
public readonly record struct GateCheck(long? RequiredEpoch)
{
    /// <summary>
    /// For writes that must never be rejected: committing a refreshed grant, revoking, recording an outcome.
    /// </summary>
    public static GateCheck None => default;

    public static GateCheck OpenAt(long epoch) => new(epoch);
}
