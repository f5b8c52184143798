using Vault.Core.Callers;
using Vault.Core.Errors;
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
            Description =
                "With user_id, only tools that a connection of the organization offers, each with what the user still "
                + "needs.",
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
        // For a user only what the user can come to run: what is listed is what may be called.
        var ofUser = call.Query.Text("user_id") is not null;
        if (ofUser && call.OrganizationOrNone is null)
            return VaultError.Invalid("organization_id", "is required with user_id");
        var visible = await offered.FilterAsync(call, ofUser, cancellationToken);
        var all = packs
            .All.Where(p => provider is null || p.Id == provider)
            .SelectMany(p => p.Tools)
            .Select(t => packs.TryGetTool(t.Name, out var tool) ? tool : null)
            .OfType<Tool>()
            .Where(tool => visible?.Invoke(tool) != false)
            .OrderBy(t => t.Definition.Name, StringComparer.Ordinal);
        var (tools, next) = MemoryPages.Cut(call, all, t => t.Definition.Name, cursor);
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
