using System.Buffers;
using System.Runtime.CompilerServices;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>Exports a chain as lines and verifies exported lines anywhere, without a store.</summary>
public sealed class LedgerExport(ILedgerStore store)
{
    private const int PageSize = 500;

    /// <summary>
    /// The organization's chain in pieces of whole lines, ending with the head. A piece is valid until the next one is
    /// requested. The chain may grow meanwhile: the head is read first and exactly the entries up to it are written, so
    /// the export is complete.
    /// </summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> WriteAsync(
        OrganizationId organization,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        var head = (await store.ReadHeadsAsync([organization], cancellationToken).ConfigureAwait(false))[0];
        for (var next = 1L; next <= head.Seq; )
        {
            var page = await store.ReadAsync(organization, next, PageSize, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
                break;
            foreach (var entry in page)
                if (entry.Seq <= head.Seq)
                    LedgerLine.Write(buffer, entry);
            yield return buffer.WrittenMemory;
            buffer.ResetWrittenCount();
            next = page[^1].Seq + 1;
        }

        LedgerLine.WriteHead(buffer, organization, head);
        yield return buffer.WrittenMemory;
    }

    /// <summary>
    /// Verifies exported lines. Without <paramref name="organization"/> the first readable line names the organization.
    /// Blank lines are skipped.
    /// </summary>
    /// <param name="lines">As exported, in order.</param>
    /// <param name="organization">The organization that the chain must belong to; null takes it from the lines.</param>
    /// <param name="kept">A head the customer kept.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <returns>The report; null when no line names an organization.</returns>
    public static async Task<LedgerReport?> VerifyAsync(
        IAsyncEnumerable<string> lines,
        OrganizationId? organization,
        LedgerHead? kept,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lines);
        LedgerInspector? inspector = organization is { } given
            ? new(given, LedgerHead.Genesis, LedgerCheckpoint.Of(kept, null))
            : null;
        var unreadable = new List<(long Line, string Why)>();
        LedgerHead? end = null;
        var number = 0L;
        await foreach (var line in lines.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var (entry, head, why) = LedgerLine.Read(line);
            if (why is not null)
            {
                if (unreadable.Count < LedgerReport.MaxFindings)
                    unreadable.Add((number, why));
                continue;
            }

            inspector ??= new(
                entry?.Organization ?? head!.Value.Organization,
                LedgerHead.Genesis,
                LedgerCheckpoint.Of(kept, null)
            );
            if (entry is not null)
                inspector.Add(entry);
            else
                end = head!.Value.Head;
        }

        if (inspector is null)
            return null;
        foreach (var (line, why) in unreadable)
            inspector.Unreadable(line, why);
        if (end is { } exported)
            inspector.Expect(new LedgerCheckpoint(exported, "the head at the end of the export"));
        return inspector.Finish(end);
    }
}
