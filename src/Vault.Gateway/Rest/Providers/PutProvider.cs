using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Vault.Core.Callers;
using Vault.Core.Catalogue;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

/// <summary>
/// Stores an operator's pack. It is data: each host loads it at its next reload, and a running execution keeps the pack
/// it started with.
/// </summary>
internal sealed class PutProvider(
    IPackReader reader,
    PackChanges changes,
    IPacks packs,
    PlatformLedger ledger,
    ILogger<PutProvider> log
) : IRoute
{
    public Operation Operation { get; } =
        new("POST", "/v1/providers", "putProvider", "Add or replace a provider pack")
        {
            Tag = "Providers",
            Permission = Permission.ProvidersWrite,
            Scope = Scope.Platform,
            Writes = true,
            RawBody = true,
            Body = [],
            Success = 201,
            Answer = typeof(StoredPackView),
            Description =
                "The body is the pack. It replaces a pack with the same id. The responding host has loaded it; "
                + "the others load it within seconds. A version that leads to other addresses than the one in force is "
                + "not loaded: pending then names the change, which a second platform key must accept "
                + "(POST /v1/providers/{provider}:accept_origins). Storing a version that leads nowhere else withdraws "
                + "a change that waits.",
            Errors = [ErrorCatalogue.PackInvalid, ErrorCatalogue.LedgerUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var reading = Patterns.WithoutCache(() => reader.Read(call.RawBody, "request body"));
        if (reading.Pack is not { } pack)
            return ValidateProvider.Refuse(reading);
        var entry = new
        {
            provider = pack.Id,
            version = pack.Version,
            sha256 = Convert.ToHexStringLower(SHA256.HashData(call.RawBody.Span)),
            replaces = packs.TryGet(pack.Id, out var existing) ? existing.Version : null,
        };
        if (
            await ledger.RecordAsync(LedgerEvents.PackStored, call.Caller.KeyId, entry, cancellationToken) is
            { } unrecorded
        )
            return unrecorded;
        var stored = await changes.PutAsync(pack, call.RawBody, call.Caller.KeyId, cancellationToken);
        if (!stored.TryGet(out var pending, out var failed) && failed is not null)
            return failed;
        log.LogInformation(
            "{RequestId}: pack {Provider} {Version} stored by {Caller}{State}.",
            call.RequestId,
            pack.Id,
            pack.Version,
            call.Caller.KeyId,
            pending is null ? "" : "; it leads to other addresses and waits for a second key"
        );
        await packs.ReloadAsync(cancellationToken);
        return Answer.Created(
            new StoredPackView(
                true,
                pack.Id,
                pack.Version,
                [.. pack.Tools.Select(t => t.Name)],
                pending is null ? null : PendingOriginsView.Of(pending)
            )
        );
    }
}
