using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Tools;
using Vault.Gateway.Contract;

namespace Vault.Gateway.Providers;

/// <param name="FromVersion">Of the pack that is loaded now; null where there is none of this id.</param>
/// <param name="Breaking">Some call that works now may not work any more.</param>
internal sealed record PackDiffView(string Id, string? FromVersion, string ToVersion, bool Breaking, IReadOnlyList<ToolChange> Tools, IReadOnlyList<string> HostsAdded, IReadOnlyList<string> HostsRemoved);

/// <summary>What a pack would change if it took the place of the one that is loaded; keeps nothing.</summary>
internal sealed class DiffProvider(IPackReader reader, IPacks packs) : IRoute
{
    public Operation Operation { get; } = new("POST", "/v1/providers:diff", "diffProvider", "Compare a provider pack with the one that is loaded, tool by tool")
    {
        Tag = "Providers", Permission = Permission.ProvidersRead, RawBody = true, Body = [], Answer = typeof(PackDiffView), Errors = [ErrorCatalogue.PackInvalid],
    };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var reading = reader.Read(call.RawBody, "request body");
        if (reading.Pack is not { } next) return Task.FromResult<Answer>(ValidateProvider.Refuse(reading));
        var now = packs.TryGet(next.Id, out var loaded) ? loaded : null;
        var changes = ToolDiff.Of(now?.Tools ?? [], next.Tools);
        return Task.FromResult(Answer.Ok(new PackDiffView(
            next.Id, now?.Version, next.Version, changes.Any(c => c.Breaking), changes, [.. next.Hosts.Except(now?.Hosts ?? [], StringComparer.Ordinal)], [.. (now?.Hosts ?? []).Except(next.Hosts, StringComparer.Ordinal)])));
    }
}
