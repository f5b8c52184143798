using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;

namespace Vault.Providers.Packs;

/// <summary>
/// A tool's input schema, compiled on first use: a catalogue has hundreds of tools, and an organization uses few.
/// </summary>
internal sealed class ToolSchema(ToolDefinition tool) : IInputSchema
{
    // The pack reader has compiled every schema once, so this cannot fail for a loaded pack.
    private readonly Lazy<JsonSchema> _schema = new(() =>
        JsonSchema.TryCompile(tool.InputSchema, closed: true, tool.AssertFormats, out var schema, out _)
            ? schema
            : throw new InvalidOperationException($"The schema of {tool.Name} does not compile.")
    );

    public IReadOnlyList<Violation> Validate(JsonElement input) => _schema.Value.Validate(input);

    public JsonElement Normalize(JsonElement input) => _schema.Value.Normalize(input);
}
