namespace Vault.Core.Identity;

/// <summary>
/// The organization's switch. <see cref="Epoch"/> goes up whenever it is opened or shut; a cached row is good only at
/// the epoch it was read under.
/// </summary>
public readonly record struct Gate(bool Open, long Epoch);
