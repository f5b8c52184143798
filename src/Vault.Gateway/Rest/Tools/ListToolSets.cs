using Vault.Core.Callers;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Tools;

/// <param name="ToolCount">How many tools it adds; the provider's list includes them.</param>
internal sealed record ToolSetView(
    string Id,
    string Provider,
    string Set,
    string? Source,
    int ToolCount,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? RemovedAt,
    string? RemovedBy
)
{
    public static ToolSetView Of(StoredToolSet set) =>
        new(
            set.Id,
            set.Provider,
            set.Name,
            set.Source,
            set.Tools.Length,
            set.UpdatedAt,
            set.Removed?.At,
            set.Removed?.By
        );
}

internal sealed class ListToolSets(IPackStore store) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/tool_sets", "listToolSets", "List the imported tool sets")
        {
            Tag = "Tools",
            Permission = Permission.ProvidersRead,
            Scope = Scope.Platform,
            Answer = typeof(ListView<ToolSetView>),
            Query =
            [
                Field.Text("provider", "Only sets of this provider.") with
                {
                    MaxLength = 64,
                },
                Field.Flag("removed", "Also deleted sets, with actor and time."),
                .. Field.Paging,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        var (provider, removed) = (call.Query.Text("provider"), call.Query.Flag("removed") == true);
        var sets = (await store.ListAsync(cancellationToken))
            .Select(StoredToolSet.Of)
            .OfType<StoredToolSet>()
            .Where(s => (provider is null || s.Provider == provider) && (removed || s.Removed is null));
        return Answer.Ok(
            MemoryPages.Cut(call, sets.OrderBy(s => s.Id, StringComparer.Ordinal), s => s.Id, cursor, ToolSetView.Of)
        );
    }
}
