using Vault.Core.Consent;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryLinkStore(MemoryStore store) : ILinkStore
{
    internal Dictionary<string, LinkSession> Rows { get; } = [];

    public Task<WriteOutcome> InsertAsync(
        LinkSession link,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "links.insert",
            link.Key.Organization,
            gate,
            insert: true,
            () => !Rows.ContainsKey(link.Id) && !Rows.Values.Any(r => r.TokenHash == link.TokenHash) && IsFree(link),
            () => Rows[link.Id] = link with { Version = 1 },
            drafts,
            cancellationToken
        );

    public Task<IReadOnlyList<string>> ListExchangingAsync(int limit, CancellationToken cancellationToken) =>
        store.RunAsync<IReadOnlyList<string>>(
            "links.exchanging",
            () =>
                [
                    .. Rows
                        .Values.Where(r => r.Status == LinkStatus.Exchanging)
                        .OrderBy(r => r.ExpiresAt)
                        .Take(limit)
                        .Select(r => r.TokenHash),
                ],
            cancellationToken
        );

    public Task<LinkSession?> FindByTokenAsync(string tokenHash, CancellationToken cancellationToken) =>
        store.RunAsync(
            "links.find",
            () => Rows.Values.FirstOrDefault(r => r.TokenHash == tokenHash),
            cancellationToken
        );

    public Task<LinkSession?> FindByStateAsync(string stateHash, CancellationToken cancellationToken) =>
        store.RunAsync(
            "links.find",
            () => Rows.Values.FirstOrDefault(r => r.StateHash == stateHash),
            cancellationToken
        );

    public Task<WriteOutcome> UpdateAsync(
        LinkSession link,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        store.WriteAsync(
            "links.update",
            link.Key.Organization,
            GateCheck.None,
            insert: false,
            () =>
                Rows.TryGetValue(link.Id, out var stored)
                && stored.Key.Organization == link.Key.Organization
                && stored.Version == expectedVersion
                && IsFree(link),
            () =>
                Rows[link.Id] = Rows[link.Id] with
                {
                    Version = expectedVersion + 1,
                    Status = link.Status,
                    StateHash = link.StateHash,
                    BrowserHash = link.BrowserHash,
                    CodeVerifier = link.CodeVerifier,
                    Request = link.Request,
                    ExpiresAt = link.ExpiresAt,
                },
            drafts,
            cancellationToken
        );

    public Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        store.RunAsync(
            "links.delete_expired",
            () =>
            {
                var expired = Rows.Values.Where(r => r.ExpiresAt < before).Take(limit).ToList();
                foreach (var row in expired)
                    Rows.Remove(row.Id);
                return expired.Count;
            },
            cancellationToken
        );

    private bool IsFree(LinkSession link) =>
        link.StateHash is null || !Rows.Values.Any(r => r.Id != link.Id && r.StateHash == link.StateHash);
}
