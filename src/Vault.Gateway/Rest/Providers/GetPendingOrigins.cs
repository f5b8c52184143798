using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

/// <param name="Pending">Set when the pack waits for a second platform key; null when it is in force.</param>
internal sealed record StoredPackView(
    bool Valid,
    string Id,
    string Version,
    IReadOnlyList<string> Tools,
    PendingOriginsView? Pending
);

/// <param name="Change">Names the version; the accepting call sends it back.</param>
/// <param name="Added">Hosts, URLs and parameters of URLs that are new.</param>
internal sealed record PendingOriginsView(
    string Provider,
    string Change,
    string StoredBy,
    DateTimeOffset StoredAt,
    IReadOnlyCollection<string> Added
)
{
    public static PendingOriginsView Of(PendingPackChange pending) =>
        new(pending.Change.Provider, pending.Change.Digest, pending.Change.By, pending.Change.At, pending.Added);
}

internal sealed class GetPendingOrigins(PackChanges changes) : IRoute
{
    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/providers/{provider}/pending_origins",
            "getPendingOrigins",
            "Read the version of a pack that waits because it leads to other addresses"
        )
        {
            Tag = "Providers",
            Permission = Permission.ProvidersRead,
            Scope = Scope.Platform,
            Answer = typeof(PendingOriginsView),
            Errors = [ErrorCatalogue.NotFound, ErrorCatalogue.PackInvalid],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(await changes.FindAsync(call.Route("provider"), cancellationToken), PendingOriginsView.Of);
}
