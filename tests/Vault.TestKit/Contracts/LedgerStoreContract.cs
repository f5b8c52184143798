using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

/// <summary>
/// The tables of the chain and the outbox: a draft is stored exactly when its change is stored.
/// </summary>
public abstract class LedgerStoreContract : StoreContract
{
    private readonly LedgerEntryWriter _entryWriter = new(new SeededEntropy(5));

    [Fact]
    public async Task A_draft_is_in_the_outbox_exactly_when_its_change_is_written()
    {
        var organization = await OrganizationAsync();
        var row = Make.Account(organization.Id);
        var (one, two, never) = (
            Make.Draft(organization.Id),
            Make.Draft(organization.Id, "account.refreshed"),
            Make.Draft(organization.Id)
        );
        Assert.Equal(
            WriteOutcome.GateShut,
            await Store.Accounts.InsertAsync(row, GateCheck.OpenAt(9), [never], default)
        );
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Accounts.InsertAsync(row, GateCheck.OpenAt(1), [one, two], default)
        );
        Assert.Equal(WriteOutcome.Stale, await Store.Accounts.InsertAsync(row, GateCheck.OpenAt(1), [never], default));
        Assert.Equal(WriteOutcome.Stale, await Store.Accounts.UpdateAsync(row, 7, GateCheck.None, [never], default));

        var outbox = await Store.Ledger.ReadOutboxAsync(10, default);
        Assert.Equal([one.EventId, two.EventId], outbox.Select(o => o.EventId));
        Assert.Equal(
            (organization.Id, one.Time, "account.connected", "user-1"),
            (outbox[0].Organization, outbox[0].Time, outbox[0].Index.Type, outbox[0].Index.User)
        );
        Assert.Contains(
            one.EventId,
            System.Text.Encoding.UTF8.GetString(outbox[0].Body.Span),
            StringComparison.Ordinal
        );
        Assert.Single(await Store.Ledger.ReadOutboxAsync(1, default));
    }

    [Fact]
    public async Task A_change_whose_draft_cannot_be_written_is_not_written()
    {
        var organization = await OrganizationAsync();
        var draft = Make.Draft(organization.Id);
        var row = Make.Account(organization.Id);
        await Store.Accounts.InsertAsync(row, GateCheck.None, [draft], default);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Store.Accounts.UpdateAsync(
                row with
                {
                    Provider = "x",
                },
                1,
                GateCheck.None,
                [Make.Draft(organization.Id), draft],
                default
            )
        );
        await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.Accounts.UpdateAsync(
                row with
                {
                    Provider = "x",
                },
                1,
                GateCheck.None,
                [Make.Draft(Make.Organization().Id)],
                default
            )
        );
        Assert.Equal(
            (1L, "slack"),
            (
                (await Store.Accounts.FindAsync(row.Key, default))!.Row.Version,
                (await Store.Accounts.FindAsync(row.Key, default))!.Row.Provider
            )
        );
        Assert.Single(await Store.Ledger.ReadOutboxAsync(10, default));
    }

    [Fact]
    public async Task Every_kind_of_change_carries_its_drafts()
    {
        var row = Make.Organization();
        await Store.Organizations.InsertAsync(row, [Make.Draft(row.Id)], default);
        await Store.Organizations.UpdateAsync(row, 1, [Make.Draft(row.Id)], default);
        var connection = Make.Connection(row.Id);
        await Store.Connections.InsertAsync(connection, GateCheck.OpenAt(1), [Make.Draft(row.Id)], default);
        await Store.Connections.UpdateAsync(connection, 1, [Make.Draft(row.Id)], default);
        await Store.Connections.DeleteAsync(row.Id, connection.Id, 2, [Make.Draft(row.Id)], default);
        var link = Make.Link(row.Id);
        await Store.Links.InsertAsync(link, GateCheck.OpenAt(1), [], default);
        await Store.Links.UpdateAsync(link, 1, [Make.Draft(row.Id)], default);
        Assert.Equal(6, (await Store.Ledger.ReadOutboxAsync(10, default)).Count);
    }

    [Fact]
    public async Task A_group_follows_the_head_it_was_linked_to()
    {
        var organization = Make.Organization().Id;
        Assert.Equal([LedgerHead.Genesis], await Store.Ledger.ReadHeadsAsync([organization], default));
        var first = Chain(organization, LedgerHead.Genesis, 3);
        var head = new LedgerHead(3, first[2].Hash);
        Assert.Equal(
            [new LedgerAppendResult(organization, LedgerAppendStatus.Appended, head)],
            await Store.Ledger.AppendAsync([new LedgerGroup(organization, LedgerHead.Genesis, first, [])], default)
        );
        Same(first, [.. await Store.Ledger.ReadAsync(organization, 1, 10, default)]);
        Same(first.GetRange(1, 1), [.. await Store.Ledger.ReadAsync(organization, 2, 1, default)]);
        Assert.Empty(await Store.Ledger.ReadAsync(organization, 4, 10, default));

        // Linked to the start again, and to a head that never existed.
        foreach (
            var wrong in new[]
            {
                LedgerHead.Genesis,
                new LedgerHead(3, first[0].Hash),
                new LedgerHead(7, first[2].Hash),
            }
        )
        {
            var late = new LedgerGroup(organization, wrong, Chain(organization, wrong, 1), []);
            Assert.Equal(
                [new LedgerAppendResult(organization, LedgerAppendStatus.HeadMoved, head)],
                await Store.Ledger.AppendAsync([late], default)
            );
        }

        var second = new LedgerGroup(organization, head, Chain(organization, head, 2), []);
        Assert.Equal(LedgerAppendStatus.Appended, (await Store.Ledger.AppendAsync([second], default))[0].Status);
        Assert.Equal(
            [new LedgerHead(5, second.Entries[1].Hash), LedgerHead.Genesis],
            await Store.Ledger.ReadHeadsAsync([organization, Make.Organization().Id], default)
        );
    }

    [Fact]
    public async Task A_lone_group_with_a_known_event_is_refused_whole()
    {
        var organization = Make.Organization().Id;
        var stored = Chain(organization, LedgerHead.Genesis, 2);
        await Store.Ledger.AppendAsync([new LedgerGroup(organization, LedgerHead.Genesis, stored, [])], default);
        var head = new LedgerHead(2, stored[1].Hash);
        var fresh = Chain(organization, head, 1)[0];
        var again = LedgerChain.Link(
            new LedgerHead(3, fresh.Hash),
            new PendingEntry(organization, stored[0].EventId, stored[0].Time, stored[0].Body!.Value, stored[0].Index),
            stored[0].BodyDigest
        );
        Assert.Equal(
            [new LedgerAppendResult(organization, LedgerAppendStatus.Duplicate, head)],
            await Store.Ledger.AppendAsync([new LedgerGroup(organization, head, [fresh, again], [])], default)
        );
        Same(stored, [.. await Store.Ledger.ReadAsync(organization, 1, 10, default)]);
        Assert.Equal([head], await Store.Ledger.ReadHeadsAsync([organization], default));
        Assert.Equal(
            [new LedgerAppendResult(organization, LedgerAppendStatus.Appended, new LedgerHead(3, fresh.Hash))],
            await Store.Ledger.AppendAsync([new LedgerGroup(organization, head, [fresh], [])], default)
        );
    }

    [Fact]
    public async Task Of_many_writers_at_one_head_one_appends()
    {
        var organization = Make.Organization().Id;
        for (var round = 0; round < 3; round++)
        {
            var head = (await Store.Ledger.ReadHeadsAsync([organization], default))[0];
            var groups = Enumerable
                .Range(0, Rivals)
                .Select(_ => new LedgerGroup(organization, head, Chain(organization, head, 2), []))
                .ToList();
            var race = await RaceAsync(Rivals, async i =>
                (await Store.Ledger.AppendAsync([groups[i]], default))[0].Status
            );
            Assert.Single(race, LedgerAppendStatus.Appended);
            Assert.Equal(Rivals - 1, race.Count(s => s == LedgerAppendStatus.HeadMoved));
            var winner = groups[Array.IndexOf(race, LedgerAppendStatus.Appended)];
            Same(winner.Entries, await Store.Ledger.ReadAsync(organization, head.Seq + 1, 10, default));
        }
    }

    [Fact]
    public async Task Writers_of_many_organizations_do_not_wait_for_each_other()
    {
        var organizations = Enumerable.Range(0, 8).Select(_ => Make.Organization().Id).ToList();
        var race = await RaceAsync(8, async i =>
        {
            // Every writer writes to all organizations, each in another order.
            var groups = organizations
                .Skip(i)
                .Concat(organizations.Take(i))
                .Select(o => new LedgerGroup(o, LedgerHead.Genesis, Chain(o, LedgerHead.Genesis, 2), []))
                .ToList();
            return await Store.Ledger.AppendAsync(groups, default);
        });
        foreach (var organization in organizations)
            Assert.Single(race.SelectMany(r => r), r =>
                r.Organization == organization && r.Status == LedgerAppendStatus.Appended
            );
    }

    [Fact]
    public async Task A_group_that_does_not_fit_leaves_the_others_untouched()
    {
        var organization = await OrganizationAsync();
        var (moved, known, unqueued, fine) = (
            Make.Organization().Id,
            Make.Organization().Id,
            Make.Organization().Id,
            organization.Id
        );
        var draft = Make.Draft(fine);
        await Store.Accounts.InsertAsync(Make.Account(fine), GateCheck.None, [draft], default);
        var pending = (await Store.Ledger.ReadOutboxAsync(1, default))[0];
        var stored = Chain(known, LedgerHead.Genesis, 1);
        await Store.Ledger.AppendAsync([new LedgerGroup(known, LedgerHead.Genesis, stored, [])], default);
        var knownHead = new LedgerHead(1, stored[0].Hash);
        var again = LedgerChain.Link(
            knownHead,
            new PendingEntry(known, stored[0].EventId, stored[0].Time, stored[0].Body!.Value, stored[0].Index),
            stored[0].BodyDigest
        );
        var chained = LedgerChain.Link(LedgerHead.Genesis, pending, LedgerHash.Of(pending.Body.Span));

        var unqueuedEntries = Chain(unqueued, LedgerHead.Genesis, 1);
        var results = await Store.Ledger.AppendAsync(
            [
                new LedgerGroup(
                    moved,
                    new LedgerHead(4, LedgerHash.Of([1])),
                    Chain(moved, new LedgerHead(4, LedgerHash.Of([1])), 1),
                    []
                ),
                new LedgerGroup(known, knownHead, [again], []),
                new LedgerGroup(unqueued, LedgerHead.Genesis, unqueuedEntries, [unqueuedEntries[0].EventId]),
                new LedgerGroup(fine, LedgerHead.Genesis, [chained], [draft.EventId]),
            ],
            default
        );
        Assert.Equal(
            [
                LedgerAppendStatus.HeadMoved,
                LedgerAppendStatus.Duplicate,
                LedgerAppendStatus.Duplicate,
                LedgerAppendStatus.Appended,
            ],
            results.Select(r => r.Status)
        );
        Assert.Equal(
            [LedgerHead.Genesis, knownHead, LedgerHead.Genesis, new LedgerHead(1, chained.Hash)],
            results.Select(r => r.Head)
        );
        Assert.Equal(
            [LedgerHead.Genesis, knownHead, LedgerHead.Genesis, new LedgerHead(1, chained.Hash)],
            await Store.Ledger.ReadHeadsAsync([moved, known, unqueued, fine], default)
        );
        Assert.Empty(await Store.Ledger.ReadOutboxAsync(10, default));
        Assert.Equal([draft.EventId], await Store.Ledger.FindEventsAsync(fine, [draft.EventId, "evt_other"], default));
        Assert.Empty(await Store.Ledger.FindEventsAsync(known, [draft.EventId], default));
        Assert.Empty(await Store.Ledger.ReadAsync(unqueued, 1, 10, default));
    }

    [Fact]
    public async Task Queries_filter_page_and_stay_inside_the_organization()
    {
        var (mine, other) = (Make.Organization().Id, Make.Organization().Id);
        var entries = Chain(mine, LedgerHead.Genesis, 10);
        await Store.Ledger.AppendAsync(
            [
                new LedgerGroup(mine, LedgerHead.Genesis, entries, []),
                new LedgerGroup(other, LedgerHead.Genesis, Chain(other, LedgerHead.Genesis, 4), []),
            ],
            default
        );

        async Task<List<long>> SeqsAsync(LedgerQuery query) =>
            [.. (await Store.Ledger.QueryAsync(query, default)).Entries.Select(e => e.Seq)];
        var all = new LedgerQuery(mine);
        Assert.Equal([1, 3, 5, 7, 9], await SeqsAsync(all with { Type = "even" }));
        Assert.Equal([4], await SeqsAsync(all with { ExecutionId = "exe_3" }));
        Assert.Equal([1, 4, 7, 10], await SeqsAsync(all with { User = "user-0" }));
        Assert.Equal([1, 7], await SeqsAsync(all with { User = "user-0", Agent = "agent-0" }));
        Assert.Equal([], await SeqsAsync(all with { Tool = "none" }));
        Assert.Equal(10, (await SeqsAsync(all with { Tool = "tool", Account = "ca_1" })).Count);
        Assert.Equal([3, 4], await SeqsAsync(all with { From = entries[2].Time, Until = entries[4].Time }));

        foreach (var newestFirst in new[] { false, true })
        {
            var seen = new List<long>();
            long? cursor = null;
            do
            {
                var page = await Store.Ledger.QueryAsync(
                    all with
                    {
                        NewestFirst = newestFirst,
                        Cursor = cursor,
                        Limit = 3,
                    },
                    default
                );
                seen.AddRange(page.Entries.Select(e => e.Seq));
                cursor = page.NextCursor;
            } while (cursor is not null);
            var expected = Enumerable.Range(1, 10).Select(i => (long)i);
            Assert.Equal(newestFirst ? expected.Reverse() : expected, seen);
        }
    }

    [Fact]
    public async Task Bodies_are_erased_in_steps_and_the_chain_stays()
    {
        var (mine, other) = (Make.Organization().Id, Make.Organization().Id);
        var entries = Chain(mine, LedgerHead.Genesis, 6);
        var kept = Chain(other, LedgerHead.Genesis, 1);
        await Store.Ledger.AppendAsync(
            [
                new LedgerGroup(mine, LedgerHead.Genesis, entries, []),
                new LedgerGroup(other, LedgerHead.Genesis, kept, []),
            ],
            default
        );
        Assert.Equal(3, await Store.Ledger.EraseBodiesAsync(mine, 5, 3, default));
        Assert.Equal(2, await Store.Ledger.EraseBodiesAsync(mine, 5, 3, default));
        Assert.Equal(0, await Store.Ledger.EraseBodiesAsync(mine, 5, 3, default));
        List<LedgerEntry> expected =
        [
            .. entries.Take(5).Select(e => e with { Body = null, Index = LedgerIndex.Erased }),
            entries[5],
        ];
        Same(expected, [.. await Store.Ledger.ReadAsync(mine, 1, 10, default)]);
        Same(kept, [.. await Store.Ledger.ReadAsync(other, 1, 10, default)]);
    }

    private List<LedgerEntry> Chain(OrganizationId organization, LedgerHead head, int count)
    {
        var entries = new List<LedgerEntry>();
        for (var i = 0; i < count; i++)
        {
            var draft = Make.Draft(organization, i % 2 == 0 ? "even" : "odd") with
            {
                ExecutionId = "exe_" + i,
                User = "user-" + (i % 3),
                Agent = i % 2 == 0 ? "agent-" + (i % 3) : null,
                Tool = "tool",
                Account = "ca_1",
            };
            var pending = _entryWriter.Write(draft);
            entries.Add(LedgerChain.Link(head, pending, LedgerHash.Of(pending.Body.Span)));
            head = new LedgerHead(entries[^1].Seq, entries[^1].Hash);
        }

        return entries;
    }
}
