namespace Vault.Core.Sealing;

/// <summary>Bounds of the keyring's memory.</summary>
public sealed record KeyringOptions
{
    /// <summary>Unwrapped keys held at most; the least recently taken go first.</summary>
    public int Capacity { get; init; } = 4096;

    /// <summary>
    /// How long an unwrapped key stays in memory. After an erasure no host can open anything once this has passed.
    /// </summary>
    public TimeSpan KeepKey { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a host goes on sealing under a version it read as active. A rotation on another host is seen after this
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
