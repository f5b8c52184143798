using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <param name="Tools">How many tools it adds; null exactly when there are faults.</param>
public sealed record ToolSetReading(int? Tools, ImmutableArray<Violation> Faults);

/// <summary>
/// Reads a tool set (<c>extends</c>) as strictly as a pack, against the pack it extends; every fault has its location
/// in the set's file.
/// </summary>
public static class ToolSetReader
{
    /// <summary>The provider whose pack a document extends; null for a pack.</summary>
    public static string? Extends(ReadOnlySpan<byte> json) => ToolSet.Extends(json, out _);

    /// <param name="pack">The pack it extends, without this set's tools.</param>
    public static ToolSetReading Read(ReadOnlyMemory<byte> json, string source, ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        if (json.Length > ToolSet.MaxBytes)
            return Refuse($"is larger than {ToolSet.MaxBytes} bytes");
        if (json.Span.StartsWith("\uFEFF"u8))
            json = json[3..];
        try
        {
            using var document = PackReader.Parse(
                json,
                new Lazy<LineIndex>(() => LineIndex.Build(json.Span)),
                out var faults
            );
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return Refuse("is not a JSON object");
            var tools = Tools(new PackNode(document.RootElement, "", faults), pack);
            return faults.Any ? new ToolSetReading(null, faults.All) : new ToolSetReading(tools, []);
        }
        catch (JsonException e)
        {
            return Refuse(
                $"line {(e.LineNumber ?? 0) + 1}: is not JSON at byte {e.BytePositionInLine ?? 0} of that line"
            );
        }

        ToolSetReading Refuse(string message) => new(null, [new Violation("", $"{source} {message}")]);
    }

    private static int Tools(PackNode node, ProviderPack pack)
    {
        foreach (var text in new[] { "$schema", "extends", "set", "source", "document" })
            node.Text(text, required: text == "extends");
        foreach (var memory in new[] { "operations", "gone", "removed" })
            node.Object(memory);
        if (node.Integer("format") is not PackReader.Format)
            node.Fault("format", $"must be {PackReader.Format}, the format that this vault supports");
        if (!node.Has("tools"))
            node.Fault("tools", "is missing; a tool set needs tools");
        var scope = new PackScope
        {
            Id = pack.Id,
            Hosts = pack.Hosts,
            DevelopmentOnly = pack.DevelopmentOnly,
            Parameters = pack.Details.Parameters,
        };
        var rates = pack
            .Tools.Select(t => t.Rate)
            .OfType<RateClass>()
            .DistinctBy(r => r.Name)
            .ToDictionary(r => r.Name, StringComparer.Ordinal);
        var tools = ToolReading.Tools(node, scope, [pack.Id + "_"], rates);
        foreach (var (tool, i) in tools.Select((t, i) => (t, i)))
            if (pack.Tools.Any(t => t.Name == tool.Name))
                node.Faults.Add($"/tools/{i}/name", $"'{tool.Name}' is already a tool of the pack");
        node.Done();
        return tools.Length;
    }
}
