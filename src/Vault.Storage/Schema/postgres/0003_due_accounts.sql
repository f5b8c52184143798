-- The sweeper's keys without those of providers that can take no more. The function without that choice stays beside it for hosts that are not replaced yet.
-- "or replace", because there are databases that have this very function from their first step.
grant create on schema vault to vault_system;
set local role vault_system;

create or replace function due_accounts(due_until bigint, shard bigint, shards bigint, take bigint, without text[])
returns table (organization_id text, user_id text, connection text, label text, id text, provider text, due_at bigint)
language plpgsql stable security definer set search_path = vault, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select a.organization_id, a.user_id, a.connection, a.label, a.id, a.provider, a.due_at
    from accounts a join organizations o on o.id = a.organization_id
    where a.due_at <= due_until and a.shard_hash % shards = shard and a.provider <> all (without) and o.gate_open
    order by a.due_at, a.id limit take;
end $$;

revoke execute on function due_accounts(bigint, bigint, bigint, bigint, text[]) from public;
grant execute on function due_accounts(bigint, bigint, bigint, bigint, text[]) to vault_app;
reset role;
revoke create on schema vault from vault_system;
