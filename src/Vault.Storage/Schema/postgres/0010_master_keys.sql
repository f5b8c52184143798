-- The master keys this database has seen, in their order, each with a value that only it opens. Two hosts that add one at once want the same number; one gets it.
create table master_keys (
  number bigint primary key,
  id text not null unique,
  check_value bytea not null,
  created_at bigint not null
);
grant select, insert on master_keys to vault_app;

grant create on schema vault to vault_system;
set local role vault_system;

create function master_keys_in_use() returns setof text
language sql stable security definer set search_path = vault, pg_temp as $$
  select distinct k.master_key_id from organization_keys k where k.status <> 4
$$;

revoke execute on function master_keys_in_use() from public;
grant execute on function master_keys_in_use() to vault_app;
reset role;
revoke create on schema vault from vault_system;
