-- The same contract as before (see step 1), planned once and with the right index. Step 1 had two problems: planning
-- for the arrays of each call cost more than the execution, and without statistics on a new table the lookup of event
-- ids could use any index that begins with the organization and read the whole chain for each entry.
--   * One generic plan per statement and session, with nested loops over indexes only.
--   * A separate query looks up an event id with an index-only scan of the unique index (organization_id, event_id).
--   * The common case, in which every group can be appended, does not compare lists: the cost of a call with many
--     organizations is proportional to its entries.
grant create on schema vault to vault_system;
set local role vault_system;

create or replace function ledger_append(
  organizations text[], expected_seqs bigint[], expected_hashes bytea[], new_seqs bigint[], new_hashes bytea[],
  entry_organizations text[], seqs bigint[], event_ids text[], times bigint[], bodies bytea[], digests bytea[], prev_hashes bytea[], hashes bytea[],
  types text[], executions text[], users text[], agents text[], tools text[], accounts text[],
  outbox_organizations text[], outbox_events text[])
returns table (organization_id text, status bigint, seq bigint, hash bytea)
language plpgsql volatile security definer set search_path = vault, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  genesis constant bytea := decode(repeat('00', 32), 'hex');
  fitting text[];
  doubled text[];
  good text[];
begin
  if 0 = any (expected_seqs) then
    insert into ledger_heads (organization_id, seq, hash)
      select g.o, 0, genesis from unnest(organizations, expected_seqs) g (o, s) where g.s = 0 order by g.o
      on conflict do nothing;
  end if;

  -- Lock the heads before all reads: only the holder of a head's lock can append to its chain, and each later
  -- statement sees all commits from before the locks were granted. Locked in one order, so two writers cannot deadlock.
  perform 1 from ledger_heads h where h.organization_id = any (organizations) order by h.organization_id for update;

  select coalesce(array_agg(g.o), '{}') into fitting
    from unnest(organizations, expected_seqs, expected_hashes) g (o, s, x)
    where (select h.seq = g.s and h.hash = g.x from ledger_heads h where h.organization_id = g.o);
  select coalesce(array_agg(e.o), '{}') into doubled
    from unnest(entry_organizations, event_ids) e (o, id)
    where (select l.event_id from ledger_entries l where l.organization_id = e.o and l.event_id = e.id) is not null;
  if cardinality(outbox_events) > 0 then
    select doubled || coalesce(array_agg(b.o), '{}') into doubled
      from unnest(outbox_organizations, outbox_events) b (o, id)
      where (select x.event_id from ledger_outbox x where x.organization_id = b.o and x.event_id = b.id) is null;
  end if;

  if cardinality(doubled) = 0 and cardinality(fitting) = cardinality(organizations) then
    insert into ledger_entries (organization_id, seq, event_id, time, body, body_digest, prev_hash, hash, type, execution_id, user_id, agent, tool, account_id)
      select * from unnest(entry_organizations, seqs, event_ids, times, bodies, digests, prev_hashes, hashes, types, executions, users, agents, tools, accounts);
    if cardinality(outbox_events) > 0 then
      delete from ledger_outbox x using unnest(outbox_organizations, outbox_events) b (o, id) where x.organization_id = b.o and x.event_id = b.id;
    end if;
    update ledger_heads h set seq = g.s, hash = g.x from unnest(organizations, new_seqs, new_hashes) g (o, s, x) where h.organization_id = g.o;
    return query select g.o, 1::bigint, g.s, g.x from unnest(organizations, new_seqs, new_hashes) with ordinality g (o, s, x, n) order by g.n;
    return;
  end if;

  select coalesce(array_agg(f.o), '{}') into good from unnest(fitting) f (o) where f.o <> all (doubled);
  if cardinality(good) > 0 then
    insert into ledger_entries (organization_id, seq, event_id, time, body, body_digest, prev_hash, hash, type, execution_id, user_id, agent, tool, account_id)
      select e.* from unnest(entry_organizations, seqs, event_ids, times, bodies, digests, prev_hashes, hashes, types, executions, users, agents, tools, accounts)
        e (o, s, id, t, body, digest, prev, hash, type, execution, usr, agent, tool, account)
      where e.o = any (good);
    if cardinality(outbox_events) > 0 then
      delete from ledger_outbox x using unnest(outbox_organizations, outbox_events) b (o, id)
        where x.organization_id = b.o and x.event_id = b.id and b.o = any (good);
    end if;
    update ledger_heads h set seq = g.s, hash = g.x from unnest(organizations, new_seqs, new_hashes) g (o, s, x)
      where h.organization_id = g.o and g.o = any (good);
  end if;

  return query
    select g.o, case when g.o = any (good) then 1::bigint when g.o = any (fitting) then 3 else 2 end, coalesce(h.seq, 0), coalesce(h.hash, genesis)
    from unnest(organizations) with ordinality g (o, n) left join ledger_heads h on h.organization_id = g.o
    order by g.n;
end $$;

reset role;
revoke create on schema vault from vault_system;
