using Vault.Core.Callers;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Tools;

internal sealed class ListTools(IPacks packs, OfferedTools offered, ToolRequirements requirements) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/tools", "listTools", "List tools, in the format of your model's API")
        {
            Tag = "Tools",
            Permission = Permission.ToolsRead,
            Scope = Scope.OrganizationOrPlatform,
            KeepsConstraints = true,
            Answer = typeof(ToolListView),
            Query =
            [
                .. ToolRequirements.Fields,
                Field.Text("provider", "Only tools of this provider.") with
                {
                    MaxLength = 64,
                },
                .. Field.Paging,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        var provider = call.Query.Text("provider");
        var names = packs
            .All.Where(p => provider is null || p.Id == provider)
            .SelectMany(p => p.Tools)
            .Select(t => t.Name)
            .Order(StringComparer.Ordinal);
        var visible = await offered.FilterAsync(call, offered: false, cancellationToken);
        var shown = visible is null
            ? names
            : names.Where(name => packs.TryGetTool(name, out var tool) && visible(tool));
        var (page, next) = MemoryPages.Cut(call, shown, name => name, cursor);
        var tools = page.Select(name => packs.TryGetTool(name, out var tool) ? tool : null).OfType<Tool>().ToList();
        var needed = await requirements.ForAsync(call, tools, cancellationToken);
        if (needed.Error is { } error)
            return error;
        return Answer.Ok(
            new ToolListView(
                [.. tools.Select(t => ToolFormats.Write(t, call.Query.Text("format")))],
                needed.Value,
                next
            )
        );
    }
}
