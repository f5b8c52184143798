namespace Vault.Core.Sealing;

/// <summary>Limits of the keyring's cache.</summary>
public sealed record KeyringOptions
{
    /// <summary>The maximum number of unwrapped keys. The least recently used keys are evicted first.</summary>
    public int Capacity { get; init; } = 4096;

    /// <summary>
    /// How long an unwrapped key stays in memory. When this time has passed after an erasure, no host can decrypt the
    /// organization's values.
    /// </summary>
    public TimeSpan KeepKey { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a host seals under a version it has read as active. It sees a rotation by another host after this time
    /// at the latest.
    /// </summary>
    public TimeSpan KeepActive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a key service may take to unwrap one key.</summary>
    public TimeSpan UnwrapTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public IEnumerable<string> Faults()
    {
        if (Capacity < 16)
            yield return "Keyring.Capacity: at least 16.";
        if (KeepKey < TimeSpan.FromSeconds(1))
            yield return "Keyring.KeepKey: at least one second.";
        if (KeepActive <= TimeSpan.Zero || KeepActive > KeepKey)
            yield return "Keyring.KeepActive: more than zero, and not longer than KeepKey.";
        if (UnwrapTimeout <= TimeSpan.Zero)
            yield return "Keyring.UnwrapTimeout: more than zero.";
    }
}
