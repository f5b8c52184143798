using System.Text.Json.Nodes;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Tools;

internal sealed class SearchTools(IPacks packs, OfferedTools offered, ToolRequirements requirements) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/tools:search", "searchTools", "Search tools by words, best match first")
        {
            Tag = "Tools",
            Permission = Permission.ToolsRead,
            Scope = Scope.OrganizationOrPlatform,
            KeepsConstraints = true,
            Answer = typeof(ToolListView),
            Query =
            [
                Field.Text("q", "Words to search for.") with
                {
                    Required = true,
                    MaxLength = 500,
                },
                .. ToolRequirements.Fields,
                Field.Text("provider", "Only tools of this provider.") with
                {
                    MaxLength = 64,
                },
                Field.Number("limit", "Maximum number of results, 1 to 100. Default: 20.", 1, 100),
                Field.Number(
                    "max_tokens",
                    "With a model's format: the maximum size of the list, estimated at 3 bytes a token. "
                        + "Descriptions inside schemas are dropped first, then the tools that do not fit.",
                    100,
                    1_000_000
                ),
                Field.Flag(
                    "offered",
                    "Only tools that a connection of the organization offers now; with user_id always."
                ),
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var ofOffered = call.Query.Flag("offered") == true || call.Query.Text("user_id") is not null;
        if (ofOffered && call.OrganizationOrNone is null)
            return VaultError.Invalid("organization_id", "is required with offered and with user_id");
        var visible = await offered.FilterAsync(call, ofOffered, cancellationToken);
        var tools = packs.Search(
            call.Query.Required("q"),
            call.Query.Text("provider"),
            (int)(call.Query.Number("limit") ?? 20),
            visible
        );
        var written = tools.Select(t => (Tool: t, Form: ToolFormats.Write(t, call.Query.Text("format")))).ToList();
        if (call.Query.Number("max_tokens") is { } budget)
        {
            if (call.Query.Text("format") is null or "vault")
                return VaultError.Invalid("max_tokens", "requires the format of a model");
            written =
            [
                .. ToolBudget
                    .Fit([.. written.Select(w => (w.Tool, (JsonObject)w.Form))], budget)
                    .Select(w => (w.Tool, (object)w.Form)),
            ];
        }

        var needed = await requirements.ForAsync(call, [.. written.Select(w => w.Tool)], cancellationToken);
        if (needed.Error is { } error)
            return error;
        return Answer.Ok(new ToolListView([.. written.Select(w => w.Form)], needed.Value, null));
    }
}
