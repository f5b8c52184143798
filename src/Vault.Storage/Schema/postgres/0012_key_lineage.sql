-- Who made a key, the principals above it (JSON, the first maker first), the first key of its principal, and what it is limited to (JSON).
alter table api_keys
  add column made_by text collate "C",
  add column ancestors text not null default '[]',
  add column rotated_from text collate "C",
  add column constraints text;
create index api_keys_made_by on api_keys (made_by, id) where made_by is not null;

-- The keys that a key made, of whatever organization: a platform key makes keys of organizations. Ids go out, no more.
grant select (made_by) on api_keys to vault_system;
grant create on schema vault to vault_system;
set local role vault_system;

create function keys_made_by(maker text, past text, take bigint) returns setof text
language sql stable security definer set search_path = vault, pg_temp as $$
  select k.id from api_keys k where k.made_by = maker and (past is null or k.id > past) order by k.id limit take
$$;

revoke execute on function keys_made_by(text, text, bigint) from public;
grant execute on function keys_made_by(text, text, bigint) to vault_app;
reset role;
revoke create on schema vault from vault_system;
