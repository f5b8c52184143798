using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Providers;

/// <summary>
/// Stores an operator's pack. It is data: each host loads it at its next reload, and a running execution keeps the pack
/// it started with.
/// </summary>
internal sealed class PutProvider(
    IPackReader reader,
    IPackStore store,
    IPacks packs,
    PlatformLedger ledger,
    TimeProvider time,
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
            Answer = typeof(PackVerdictView),
            Description =
                "The body is the pack. It replaces a pack with the same id. The responding host has loaded it; "
                + "the others load it within seconds.",
            Errors = [ErrorCatalogue.PackInvalid, ErrorCatalogue.LedgerUnavailable],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var reading = reader.Read(call.RawBody, "request body");
        if (reading.Pack is not { } pack)
            return ValidateProvider.Refuse(reading);
        var existing = (await store.ListAsync(cancellationToken)).FirstOrDefault(p => p.ProviderId == pack.Id);
        var stored = new StoredPack(
            pack.Id,
            pack.Version,
            Encoding.UTF8.GetString(call.RawBody.Span),
            (existing?.Version ?? 0) + 1,
            time.GetUtcNow()
        );
        var entry = new
        {
            provider = pack.Id,
            version = pack.Version,
            sha256 = Convert.ToHexStringLower(SHA256.HashData(call.RawBody.Span)),
            replaces = existing?.PackVersion,
        };
        if (
            await ledger.RecordAsync(LedgerEvents.PackStored, call.Caller.KeyId, entry, cancellationToken) is
            { } unrecorded
        )
            return unrecorded;
        // Compare-and-swap: of two concurrent operators the second gets an error instead of overwriting an unseen
        // change.
        if (await store.PutAsync(stored, existing?.Version, cancellationToken) != WriteOutcome.Written)
            return new VaultError(
                ErrorCatalogue.Conflict,
                "The pack was changed at the same time; read it and try again."
            );
        log.LogInformation(
            "{RequestId}: pack {Provider} {Version} stored by {Caller}.",
            call.RequestId,
            pack.Id,
            pack.Version,
            call.Caller.KeyId
        );
        await packs.ReloadAsync(cancellationToken);
        return Answer.Created(new PackVerdictView(true, pack.Id, pack.Version, [.. pack.Tools.Select(t => t.Name)]));
    }
}
