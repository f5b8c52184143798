namespace Vault.Providers.Upstream;

/// <summary>Limits of tool calls.</summary>
public sealed class UpstreamOptions
{
    /// <summary>
    /// Maximum bytes of a response for the caller; a longer one is truncated at a JSON boundary and flagged.
    /// </summary>
    public int OutputCap { get; set; } = 1024 * 1024;

    /// <summary>
    /// Maximum bytes of a response that are read, after decompression; an output handle returns up to this. Each
    /// running call may use this much memory.
    /// </summary>
    public int ReadCap { get; set; } = 16 * 1024 * 1024;

    /// <summary>All invalid values.</summary>
    public IEnumerable<string> Faults()
    {
        if (OutputCap < 1024)
            yield return "upstream.output_cap must be at least 1024";
        if (ReadCap < OutputCap)
            yield return "upstream.read_cap must not be less than upstream.output_cap";
    }
}
