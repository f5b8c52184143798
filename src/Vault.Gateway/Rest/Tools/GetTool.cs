using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Tools;

internal sealed record ToolAnswerView(object Tool, RequirementView? Requirements);

internal sealed class GetTool(IPacks packs, OfferedTools offered, ToolRequirements requirements) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/tools/{tool_name}", "getTool", "Read a tool")
        {
            Tag = "Tools",
            Permission = Permission.ToolsRead,
            Scope = Scope.OrganizationOrPlatform,
            KeepsConstraints = true,
            Answer = typeof(ToolAnswerView),
            Query =
            [
                .. ToolRequirements.Fields,
                Field.Text("version", "A version that the provider still has in addition to the current one.") with
                {
                    MaxLength = 40,
                },
            ],
            Errors = [ErrorCatalogue.ToolUnknown],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var (name, version) = (call.Route("tool_name"), call.Query.Text("version"));
        var visible = await offered.FilterAsync(call, offered: false, cancellationToken);
        if (
            !(version is null ? packs.TryGetTool(name, out var tool) : packs.TryGetVersion(name, version, out tool))
            || visible?.Invoke(tool) == false
        )
            return new VaultError(
                ErrorCatalogue.ToolUnknown,
                "There is no such tool, or not in this version; GET /v1/tools lists them."
            );
        var needed = await requirements.ForAsync(call, [tool], cancellationToken);
        if (needed.Error is { } error)
            return error;
        return Answer.Ok(
            new ToolAnswerView(ToolFormats.Write(tool, call.Query.Text("format")), needed.Value?[tool.Definition.Name])
        );
    }
}
