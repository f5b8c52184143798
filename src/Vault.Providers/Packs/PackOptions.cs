namespace Vault.Providers.Packs;

/// <summary>The sources of packs.</summary>
public sealed class PackOptions
{
    /// <summary>
    /// An operator's folder of <c>*.json</c> packs; null for none. A pack in it replaces a built-in one with the same
    /// id.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>
    /// Load packs with <c>development_only</c> (the sandbox). Never in production: their hosts are loopback.
    /// </summary>
    public bool Development { get; set; }

    /// <summary>The folder of the built-in packs.</summary>
    public string BuiltInFolder { get; set; } = Path.Combine(AppContext.BaseDirectory, "packs");
}

/// <summary>A pack that could not be loaded, with its faults.</summary>
public sealed record PackRefusal(string Source, IReadOnlyList<Core.Errors.Violation> Faults)
{
    public override string ToString() => Source + ": " + string.Join("; ", Faults.Select(f => $"{f.Path} {f.Message}"));
}
