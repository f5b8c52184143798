namespace Vault.Core.Tools;

/// <summary>How a tool's input becomes one HTTP request.</summary>
public sealed record ToolRequest
{
    public required string Method { get; init; }

    /// <summary>Absolute, or relative to the pack's API base; may hold <c>{parameter}</c> places.</summary>
    public required string Url { get; init; }
}
