using Vault.Core.Callers;
using Vault.Core.Packs;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Tools;

internal sealed class SearchTools(IPacks packs, ToolRequirements requirements) : IRoute
{
    public Operation Operation { get; } = new("GET", "/v1/tools:search", "searchTools", "Find tools by words, best first")
    {
        Tag = "Tools", Permission = Permission.ToolsRead, Scope = Scope.OrganizationOrPlatform, Answer = typeof(ToolListView),
        Query =
        [
            Field.Text("q", "Words to look for.") with { Required = true, MaxLength = 500 }, .. ToolRequirements.Fields,
            Field.Text("provider", "Only those of this provider.") with { MaxLength = 64 }, Field.Number("limit", "How many at most, 1 to 100; 20 where absent.", 1, 100),
        ],
    };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var tools = packs.Search(call.Query.Required("q"), call.Query.Text("provider"), (int)(call.Query.Number("limit") ?? 20));
        var needed = await requirements.ForAsync(call, tools, cancellationToken);
        if (needed.Error is { } error) return error;
        return Answer.Ok(new ToolListView([.. tools.Select(t => ToolFormats.Write(t, call.Query.Text("format")))], needed.Value, null));
    }
}
