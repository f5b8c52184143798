using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.PackLab;

/// <summary>The plainest tool call there is: a GET below the pack's API address.</summary>
internal static class Calls
{
    private static readonly ToolDefinition Plain = new()
    {
        Name = "lab_read",
        Version = "1",
        Description = "Read",
        Effect = Effect.Read,
        Idempotency = Idempotency.Natural,
        Scopes = ScopeRequirement.None,
        InputSchema = JsonSerializer.SerializeToElement(new { type = "object" }),
        Request = new ToolRequest { Method = "GET", Url = UrlTemplate.Parse("/lab") },
    };

    public static ToolCall Read(LabBench bench, GrantTokens? grant, StaticCredential? own) =>
        new(
            bench.Client.Organization,
            new Tool(
                bench.Pack,
                Plain with
                {
                    Request = new ToolRequest { Method = "GET", Url = UrlTemplate.Parse("/lab") },
                },
                new Anything()
            ),
            JsonSerializer.SerializeToElement(new { }),
            null,
            grant,
            own,
            bench.Client.Parameters,
            "exe_lab",
            bench.Soon,
            null
        );

    private sealed class Anything : IInputSchema
    {
        public IReadOnlyList<Violation> Validate(JsonElement input) => ImmutableArray<Violation>.Empty;
    }
}
