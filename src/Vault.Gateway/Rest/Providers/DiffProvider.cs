using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

/// <param name="FromVersion">The version that is loaded now; null when no pack has this id.</param>
/// <param name="Breaking">Some calls that work now may fail.</param>
internal sealed record PackDiffView(
    string Id,
    string? FromVersion,
    string ToVersion,
    bool Breaking,
    IReadOnlyList<ToolChange> Tools,
    IReadOnlyList<string> HostsAdded,
    IReadOnlyList<string> HostsRemoved
);

/// <summary>Shows what would change if a pack replaced the loaded one; stores nothing.</summary>
internal sealed class DiffProvider(IPackReader reader, IPackStore store, IPacks packs) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/providers:diff", "diffProvider", "Compare a provider pack with the loaded one, tool by tool")
        {
            Tag = "Providers",
            Permission = Permission.ProvidersRead,
            Scans = true,
            RawBody = true,
            Body = [],
            Answer = typeof(PackDiffView),
            Errors = [ErrorCatalogue.PackInvalid],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var reading = Patterns.WithoutCache(() => reader.Read(call.RawBody, "request body"));
        if (reading.Pack is not { } next)
            return ValidateProvider.Refuse(reading);
        var now = packs.TryGet(next.Id, out var loaded) ? loaded : null;
        // Tools of imported sets remain when the pack is replaced.
        var stay = (await store.ListAsync(cancellationToken))
            .Select(StoredToolSet.Of)
            .OfType<StoredToolSet>()
            .Where(s => s.Provider == next.Id)
            .SelectMany(s => s.Tools)
            .Except(next.Tools.Select(t => t.Name))
            .ToHashSet(StringComparer.Ordinal);
        var changes = ToolDiff.Of((now?.Tools ?? []).Where(t => !stay.Contains(t.Name)), next.Tools);
        return Answer.Ok(
            new PackDiffView(
                next.Id,
                now?.Version,
                next.Version,
                changes.Any(c => c.Breaking),
                changes,
                [.. next.Hosts.Except(now?.Hosts ?? [], StringComparer.Ordinal)],
                [.. (now?.Hosts ?? []).Except(next.Hosts, StringComparer.Ordinal)]
            )
        );
    }
}
