namespace Vault.Core.Packs;

/// <summary>A tool that is going away. It still runs; whoever lists tools is told.</summary>
/// <param name="Since">A date, as the provider or the pack says.</param>
/// <param name="Use">The tool to use instead; null where there is none.</param>
public sealed record Deprecation(string Since, string? Use, string? Note)
{
    /// <summary>For models, which read descriptions and nothing else.</summary>
    public string Sentence =>
        "Deprecated since " + Since + (Use is null ? "." : "; use " + Use + ".") + (Note is null ? "" : " " + Note);
}
