-- The sweeper's keys of step 3, for all the shards that a host owns at once: one look at the due index instead of one for each shard. The function of step 3 stays
-- beside it: hosts of the version before go on calling it while they are replaced one by one.
grant create on schema vault to vault_system;
set local role vault_system;

create function due_accounts_of(due_until bigint, mine bigint[], shards bigint, take bigint, without text[])
returns table (organization_id text, user_id text, connection text, label text, id text, provider text, due_at bigint)
language plpgsql stable security definer set search_path = vault, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select a.organization_id, a.user_id, a.connection, a.label, a.id, a.provider, a.due_at
    from accounts a join organizations o on o.id = a.organization_id
    where a.due_at <= due_until and a.shard_hash % shards = any (mine) and a.provider <> all (without) and o.gate_open
    order by a.due_at, a.id limit take;
end $$;

revoke execute on function due_accounts_of(bigint, bigint[], bigint, bigint, text[]) from public;
grant execute on function due_accounts_of(bigint, bigint[], bigint, bigint, text[]) to vault_app;
reset role;
revoke create on schema vault from vault_system;
