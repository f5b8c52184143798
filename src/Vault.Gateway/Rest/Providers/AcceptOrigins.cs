using Microsoft.Extensions.Logging;
using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

/// <param name="Organizations">The organizations that use the provider; the ledger of each has an entry.</param>
/// <param name="AccountsStopped">The accounts that are bound to the former addresses.</param>
internal sealed record AcceptedOriginsView(string Id, string Version, int Organizations, long AccountsStopped);

internal sealed class AcceptOrigins(PackChanges changes, IPacks packs, ILogger<AcceptOrigins> log) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/providers/{provider}:accept_origins",
            "acceptOrigins",
            "Put a pack that leads to other addresses into force"
        )
        {
            Tag = "Providers",
            Permission = Permission.ProvidersWrite,
            Scope = Scope.Platform,
            Writes = true,
            Answer = typeof(AcceptedOriginsView),
            Description =
                "By another platform key than the one that stored it, created before it was stored; neither key made the "
                + "other. The ledger of every organization that uses the provider has an entry. Credentials stay bound to the former "
                + "addresses: accounts_stopped of them are refused with destination_changed until they are connected "
                + "again, and client secrets until they are sent again.",
            Body =
            [
                Field.Text("change", "The change to accept, from GET /v1/providers/{provider}/pending_origins.") with
                {
                    Required = true,
                    MaxLength = 64,
                },
            ],
            Errors =
            [
                ErrorCatalogue.NotFound,
                ErrorCatalogue.Conflict,
                ErrorCatalogue.PolicyDenied,
                ErrorCatalogue.PackInvalid,
                ErrorCatalogue.KeysUnavailable,
                ErrorCatalogue.LedgerUnavailable,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var accepted = await changes.AcceptAsync(
            call.Route("provider"),
            call.Body.Required("change"),
            call.Caller.KeyId,
            cancellationToken
        );
        if (!accepted.TryGet(out var receipt, out var refused))
            return refused;
        log.LogInformation(
            "{RequestId}: the addresses of pack {Provider} {Version} accepted by {Caller}.",
            call.RequestId,
            receipt.Provider,
            receipt.Version,
            call.Caller.KeyId
        );
        await packs.ReloadAsync(CancellationToken.None);
        return Answer.Ok(
            new AcceptedOriginsView(receipt.Provider, receipt.Version, receipt.Organizations, receipt.AccountsStopped)
        );
    }
}
