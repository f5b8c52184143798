namespace Vault.Providers.Upstream;

/// <summary>Limits of tool calls.</summary>
public sealed class UpstreamOptions
{
    /// <summary>Bytes of an answer that go to the caller; a longer one is cut at a JSON boundary and flagged.</summary>
    public int OutputCap { get; set; } = 1024 * 1024;

    /// <summary>
    /// Bytes of an answer that are read at all, after decompression: what an output handle can give. Each call under
    /// way may hold this much memory.
    /// </summary>
    public int ReadCap { get; set; } = 16 * 1024 * 1024;

    /// <summary>Every wrong value.</summary>
    public IEnumerable<string> Faults()
    {
        if (OutputCap < 1024)
            yield return "upstream.output_cap must be at least 1024";
        if (ReadCap < OutputCap)
            yield return "upstream.read_cap must not be less than upstream.output_cap";
    }
}
