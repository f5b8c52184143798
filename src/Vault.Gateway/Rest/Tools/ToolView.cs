using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Gateway.Rest.Tools;

internal sealed record ToolView(
    string Name,
    string Provider,
    string Version,
    string Description,
    Effect Effect,
    Idempotency Idempotency,
    IReadOnlyList<IReadOnlyList<string>> RequiredScopes,
    JsonElement InputSchema,
    string? DocsUrl,
    Deprecation? Deprecated,
    RateClass? RateClass
)
{
    public static ToolView Of(Tool tool)
    {
        var d = tool.Definition;
        return new ToolView(
            d.Name,
            tool.Pack.Id,
            d.Version,
            d.Description,
            d.Effect,
            d.Idempotency,
            [.. d.Scopes.AllOf.Select(group => (IReadOnlyList<string>)group)],
            d.InputSchema,
            d.DocsUrl,
            d.Deprecated,
            d.Rate
        );
    }
}

/// <summary>What a user still needs for a tool.</summary>
/// <param name="Ready">Nothing is missing: execute_tool can be called now.</param>
/// <param name="Account">connected, missing, ambiguous, or reconnect; organization_suspended when the organization is
/// suspended.</param>
/// <param name="Approval">none, required or denied (destructive tools, by the organization's policy).</param>
internal sealed record RequirementView(
    bool Ready,
    string Account,
    string? StatusReason,
    IReadOnlyList<string> MissingScopes,
    string Approval,
    IReadOnlyList<string> ConnectedAccountIds
);

/// <param name="Items">In the requested format.</param>
/// <param name="Requirements">By tool name; null without a user.</param>
internal sealed record ToolListView(
    IReadOnlyList<object> Items,
    IReadOnlyDictionary<string, RequirementView>? Requirements,
    string? NextPageToken
);
