using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Host.Development;

/// <summary>Adds checkpoints around the writes of ledger entries and spooled token responses.</summary>
public static class CheckpointedStores
{
    public static IServiceCollection AddProcessCheckpoints(
        this IServiceCollection services,
        string file,
        ILedgerStore ledger,
        IReplySpool spool
    )
    {
        var points = new ProcessCheckpoints(file);
        services.AddSingleton<ICheckpoints>(points);
        services.AddSingleton<ILedgerStore>(new Ledger(ledger, points));
        services.AddSingleton<IReplySpool>(new Spool(spool, points));
        return services;
    }

    private sealed class Ledger(ILedgerStore inner, ProcessCheckpoints points) : ILedgerStore
    {
        public async ValueTask<IReadOnlyList<LedgerAppendResult>> AppendAsync(
            IReadOnlyList<LedgerGroup> groups,
            CancellationToken cancellationToken
        )
        {
            points.Reach("ledger_append", groups[0].Organization.Value);
            var results = await inner.AppendAsync(groups, cancellationToken);
            points.Reach("ledger_appended", groups[0].Organization.Value);
            return results;
        }

        public async ValueTask<IReadOnlyList<PendingEntry>> ReadOutboxAsync(
            int limit,
            CancellationToken cancellationToken
        )
        {
            var page = await inner.ReadOutboxAsync(limit, cancellationToken);
            if (page.Count > 0)
                points.Reach("outbox_read", page[0].Organization.Value);
            return page;
        }

        public ValueTask<IReadOnlyList<LedgerHead>> ReadHeadsAsync(
            IReadOnlyList<OrganizationId> organizations,
            CancellationToken cancellationToken
        ) => inner.ReadHeadsAsync(organizations, cancellationToken);

        public ValueTask<IReadOnlyList<LedgerEntry>> ReadAsync(
            OrganizationId organization,
            long fromSeq,
            int limit,
            CancellationToken cancellationToken
        ) => inner.ReadAsync(organization, fromSeq, limit, cancellationToken);

        public ValueTask<IReadOnlySet<string>> FindEventsAsync(
            OrganizationId organization,
            IReadOnlyList<string> eventIds,
            CancellationToken cancellationToken
        ) => inner.FindEventsAsync(organization, eventIds, cancellationToken);

        public ValueTask<LedgerPage> QueryAsync(LedgerQuery query, CancellationToken cancellationToken) =>
            inner.QueryAsync(query, cancellationToken);

        public ValueTask<int> EraseBodiesAsync(
            OrganizationId organization,
            long throughSeq,
            int limit,
            CancellationToken cancellationToken
        ) => inner.EraseBodiesAsync(organization, throughSeq, limit, cancellationToken);
    }

    private sealed class Spool(IReplySpool inner, ProcessCheckpoints points) : IReplySpool
    {
        public async Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken)
        {
            var kept = await inner.PutAsync(reply, cancellationToken);
            points.Reach(kept ? "reply_spooled" : "reply_refused", reply.Key.ToString());
            return kept;
        }

        public Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken) =>
            inner.ListAsync(limit, cancellationToken);

        public async Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken)
        {
            points.Reach("spool_remove", key.ToString());
            await inner.RemoveAsync(key, attemptId, cancellationToken);
        }
    }
}
