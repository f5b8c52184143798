-- Appends entries without reading any: ledger_append looks up every event id, and on a database without statistics the planner reads the whole chain for it.
--   * The update of a head takes its lock, tests it and moves it. A writer that waited for the lock tests the row again as committed.
--   * An event id that is in the chain violates the unique index, and an outbox row that another writer took is counted (VL001): both end the transaction, and the
--     head with it stays where it was. The caller then asks ledger_append, which says which chain it was.
grant create on schema vault to vault_system;
set local role vault_system;

create function ledger_extend(
  organizations text[], expected_seqs bigint[], expected_hashes bytea[], new_seqs bigint[], new_hashes bytea[],
  entry_organizations text[], seqs bigint[], event_ids text[], times bigint[], bodies bytea[], digests bytea[], prev_hashes bytea[], hashes bytea[],
  types text[], executions text[], users text[], agents text[], tools text[], accounts text[],
  outbox_organizations text[], outbox_events text[])
returns table (organization_id text, status bigint, seq bigint, hash bytea)
language plpgsql volatile security definer set search_path = vault, pg_temp as $$
#variable_conflict use_column
declare
  genesis constant bytea := decode(repeat('00', 32), 'hex');
  fitting text[];
  expected_rows bigint;
  taken_rows bigint;
begin
  if cardinality(organizations) = 1 and cardinality(outbox_events) = 0 then
    update ledger_heads h set seq = new_seqs[1], hash = new_hashes[1]
      where h.organization_id = organizations[1] and h.seq = expected_seqs[1] and h.hash = expected_hashes[1];
    if found then
      insert into ledger_entries (organization_id, seq, event_id, time, body, body_digest, prev_hash, hash, type, execution_id, user_id, agent, tool, account_id)
        select * from unnest(entry_organizations, seqs, event_ids, times, bodies, digests, prev_hashes, hashes, types, executions, users, agents, tools, accounts);
      organization_id := organizations[1];
      status := 1;
      seq := new_seqs[1];
      hash := new_hashes[1];
      return next;
      return;
    end if;
  end if;

  if 0 = any (expected_seqs) then
    insert into ledger_heads (organization_id, seq, hash)
      select g.o, 0, genesis from unnest(organizations, expected_seqs) g (o, s) where g.s = 0 order by g.o
      on conflict do nothing;
  end if;

  -- In one order, so that two writers cannot wait for each other. Each statement from here on sees what was committed before the locks were granted.
  perform 1 from ledger_heads h where h.organization_id = any (organizations) order by h.organization_id for update;
  select coalesce(array_agg(g.o), '{}') into fitting
    from unnest(organizations, expected_seqs, expected_hashes) g (o, s, x)
    where (select h.seq = g.s and h.hash = g.x from ledger_heads h where h.organization_id = g.o);

  if cardinality(fitting) > 0 then
    insert into ledger_entries (organization_id, seq, event_id, time, body, body_digest, prev_hash, hash, type, execution_id, user_id, agent, tool, account_id)
      select e.* from unnest(entry_organizations, seqs, event_ids, times, bodies, digests, prev_hashes, hashes, types, executions, users, agents, tools, accounts)
        e (o, s, id, t, body, digest, prev, hash, type, execution, usr, agent, tool, account)
      where e.o = any (fitting);
    if cardinality(outbox_events) > 0 then
      select count(*) into expected_rows from unnest(outbox_organizations) b (o) where b.o = any (fitting);
      delete from ledger_outbox x using unnest(outbox_organizations, outbox_events) b (o, id)
        where x.organization_id = b.o and x.event_id = b.id and b.o = any (fitting);
      get diagnostics taken_rows = row_count;
      if taken_rows <> expected_rows then
        raise exception 'a row of the outbox was taken by another writer' using errcode = 'VL001';
      end if;
    end if;
    update ledger_heads h set seq = g.s, hash = g.x from unnest(organizations, new_seqs, new_hashes) g (o, s, x)
      where h.organization_id = g.o and g.o = any (fitting);
  end if;

  return query
    select g.o, case when g.o = any (fitting) then 1::bigint else 2 end, coalesce(h.seq, 0), coalesce(h.hash, genesis)
    from unnest(organizations) with ordinality g (o, n) left join ledger_heads h on h.organization_id = g.o
    order by g.n;
end $$;

revoke execute on function ledger_extend from public;
grant execute on function ledger_extend to vault_app;
reset role;
revoke create on schema vault from vault_system;
