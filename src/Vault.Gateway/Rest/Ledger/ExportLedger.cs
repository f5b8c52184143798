using System.Buffers;
using System.Text.Json;
using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Ledger;

/// <summary>Streams the ledger as JSON lines, for a SIEM or for the offline verifier.</summary>
internal sealed class ExportLedger(ILedgerStore store, LedgerExport export) : IRoute
{
    private const int PageSize = 500;

    public Operation Operation { get; } =
        new("GET", "/v1/ledger:export", "exportLedger", "The whole ledger as JSON lines")
        {
            Tag = "Ledger",
            Permission = Permission.LedgerRead,
            Scans = true,
            Scope = Scope.OrganizationOrPlatform,
            OwnTimeout = true,
            ContentType = "application/x-ndjson",
            Description =
                "format=ocsf (the default): OCSF events. format=chain: the hash chain with its head as the last "
                + "line, for the command-line verifier; an incomplete stream has no head.",
            Query = [Field.Organization, Field.Text("format", "ocsf or chain.") with { Values = ["ocsf", "chain"] }],
        };

    public Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var organization = LedgerOwner.Of(call);
        var chain = call.Query.Text("format") == "chain";
        return Task.FromResult<Answer>(
            new Answer.Stream("application/x-ndjson", (to, cancellation) =>
                chain ? ChainAsync(organization, to, cancellation) : EventsAsync(organization, to, cancellation)
            )
        );
    }

    private async Task ChainAsync(OrganizationId organization, Stream to, CancellationToken cancellationToken)
    {
        await foreach (var piece in export.WriteAsync(organization, cancellationToken))
            await to.WriteAsync(piece, cancellationToken);
    }

    private async Task EventsAsync(OrganizationId organization, Stream to, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        var next = 1L;
        while (await store.ReadAsync(organization, next, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var entry in page)
            {
                using (var json = new Utf8JsonWriter(buffer))
                    OcsfEvent.Write(json, entry);
                buffer.Write("\n"u8);
            }

            await to.WriteAsync(buffer.WrittenMemory, cancellationToken);
            buffer.ResetWrittenCount();
            next = page[^1].Seq + 1;
        }
    }
}
