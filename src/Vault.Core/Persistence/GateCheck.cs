namespace Vault.Core.Persistence;

/// <summary>
/// Whether a write is allowed only while the organization's gate is open at this epoch. It is checked inside the
/// write's own transaction, holding the organization's row against a concurrent gate change; so no account can slip in
/// behind a cascade's cursor.
/// </summary>
public readonly record struct GateCheck(long? RequiredEpoch)
{
    /// <summary>
    /// For writes that must never be refused: committing a refreshed grant, revoking, recording an outcome.
    /// </summary>
    public static GateCheck None => default;

    public static GateCheck OpenAt(long epoch) => new(epoch);
}
