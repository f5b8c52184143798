namespace Vault.Core.Identity;

/// <summary>
/// Whether an organization may act. Every opening and closing increments <see cref="Epoch"/>; a cached row is valid
/// only for the epoch it was read under.
/// </summary>
public readonly record struct Gate(bool Open, long Epoch);
