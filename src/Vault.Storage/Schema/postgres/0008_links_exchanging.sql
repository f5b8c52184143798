-- Links whose code was sent and whose exchange nobody has ended: found again, so that a host that died in between leaves no consent half-done for ever. There are
-- few of them at any time. The function answers digests, which open nothing.
create index links_exchanging on links (expires_at) where status = 'Exchanging';
grant select (status) on links to vault_system;

grant create on schema vault to vault_system;
set local role vault_system;

create function links_exchanging(take bigint) returns setof text
language sql stable security definer set search_path = vault, pg_temp as $$
  select l.token_hash from links l where l.status = 'Exchanging' order by l.expires_at limit take
$$;

revoke execute on function links_exchanging(bigint) from public;
grant execute on function links_exchanging(bigint) to vault_app;
reset role;
revoke create on schema vault from vault_system;
