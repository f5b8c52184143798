using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;

namespace Vault.Providers.Packs;

/// <summary>
/// A tool's input schema, compiled when the tool is first used: a catalogue has hundreds of tools, and an organization
/// uses a few.
/// </summary>
internal sealed class ToolSchema(ToolDefinition tool) : IInputSchema
{
    // The reader has compiled every schema once already, so this cannot fail for a pack that came through it.
    private readonly Lazy<JsonSchema> _schema = new(() =>
        JsonSchema.TryCompile(tool.InputSchema, closed: true, out var schema, out _)
            ? schema
            : throw new InvalidOperationException($"The schema of {tool.Name} does not compile.")
    );

    public IReadOnlyList<Violation> Validate(JsonElement input) => _schema.Value.Validate(input);
}
