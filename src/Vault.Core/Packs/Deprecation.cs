namespace Vault.Core.Packs;

/// <summary>The deprecation of a tool. A deprecated tool still runs; tool lists show the deprecation.</summary>
/// <param name="Since">The date, from the provider or the pack.</param>
/// <param name="Use">The tool to use instead; null when there is none.</param>
public sealed record Deprecation(string Since, string? Use, string? Note)
{
    /// <summary>The text for the tool's description: language models read only descriptions.</summary>
    public string Sentence =>
        "Deprecated since " + Since + (Use is null ? "." : "; use " + Use + ".") + (Note is null ? "" : " " + Note);
}
