-- The same promise as before (see step 1), planned once and by the right index. What was wrong: a plan made for the arrays of each call cost more than running
-- it, and while nothing was known of a young table's contents the look-up of event ids went through whichever index begins with the organization, reading the
-- whole chain once per entry.
--   * One generic plan per statement and session, nested loops over indexes only.
--   * An event id is looked up by a query of its own, which the unique index (organization_id, event_id) alone answers without touching the table.
--   * The common case, in which every group fits, compares no lists with each other: a round of many organizations costs in proportion to its entries.
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

  -- Before everything that is read: whoever holds the head is the only one who can add to that chain, and each statement from here on sees what was committed
  -- before the locks were granted. In one order, so that two writers cannot wait for each other.
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
