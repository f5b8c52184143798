-- Times are microseconds since the Unix epoch. Sealed values are bytea with their key version beside them.
-- Run by the owner, in schema "vault", inside one transaction. Roles and policies follow in the same file: a table without them must not exist for a moment.

-- Two roles without login. vault_app runs everything; vault_system owns the few functions that look across organizations and can read only the columns they need.
-- An owner that may not create roles runs silo-config/postgres/roles.sql through an administrator first.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['vault_app', 'vault_system'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin', wanted);
      -- Roles belong to the whole server: another database's first start may be creating the same one now.
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if not pg_catalog.pg_has_role(current_user, wanted, 'member') then
      execute format('grant %I to current_user', wanted);
    end if;
  end loop;
end $$;

create table organizations (
  id text collate "C" primary key,
  display_name text not null,
  external_id text unique,
  version bigint not null,
  status text not null,
  gate_open boolean not null,
  gate_epoch bigint not null,
  cascade_kind text,
  state text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index organizations_cascade on organizations (id) where cascade_kind is not null;

create table accounts (
  id text collate "C" primary key,
  organization_id text collate "C" not null references organizations (id),
  user_id text not null,
  connection text not null,
  label text not null,
  connection_id text not null,
  provider text not null,
  version bigint not null,
  status text not null,
  generation bigint not null,
  state text not null,
  grant_blob bytea,
  grant_blob_key_version bigint,
  credential bytea,
  credential_key_version bigint,
  credential_generation bigint not null,
  due_at bigint,
  shard_hash bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  last_used_at bigint,
  unique (organization_id, user_id, connection, label)
) with (fillfactor = 85);
create index accounts_list on accounts (organization_id, id);
create index accounts_due on accounts (due_at) where due_at is not null;

create table connections (
  id text collate "C" primary key,
  organization_id text collate "C" not null references organizations (id),
  name text not null,
  provider text not null,
  version bigint not null,
  settings text not null,
  client_secret bytea,
  client_secret_key_version bigint,
  secret_generation bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique (organization_id, name)
);
create index connections_list on connections (organization_id, id);

create table links (
  id text collate "C" primary key,
  organization_id text collate "C" not null references organizations (id),
  user_id text not null,
  connection text not null,
  label text not null,
  account_id text not null,
  connection_id text not null,
  version bigint not null,
  status text not null,
  token_hash text not null unique,
  state_hash text unique,
  browser_hash text,
  code_verifier bytea,
  code_verifier_key_version bigint,
  request text not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index links_expiry on links (expires_at);
create index links_organization on links (organization_id, id);

-- organization_id is 'platform' for keys that belong to none.
create table api_keys (
  id text collate "C" primary key,
  organization_id text collate "C" not null,
  name text not null,
  secret_hash text not null,
  suffix text not null,
  permissions text not null,
  version bigint not null,
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint,
  last_used_at bigint
);
create index api_keys_list on api_keys (organization_id, id);

create table idempotency (
  organization_id text collate "C" not null,
  scope text collate "C" not null,
  key text collate "C" not null,
  request_digest text not null,
  status bigint,
  content_type text,
  body bytea,
  body_key_version bigint,
  created_at bigint not null,
  expires_at bigint not null,
  primary key (organization_id, scope, key)
);
create index idempotency_expiry on idempotency (expires_at);

create table outputs (
  organization_id text collate "C" not null,
  execution_id text collate "C" not null,
  content_type text not null,
  length bigint not null,
  body bytea not null,
  body_key_version bigint not null,
  expires_at bigint not null,
  primary key (organization_id, execution_id)
);
create index outputs_expiry on outputs (expires_at);

create table approvals (
  id text collate "C" primary key,
  organization_id text collate "C" not null references organizations (id),
  account_id text not null,
  tool text not null,
  input_digest text not null,
  requested_by text not null,
  status text not null,
  decided_by text,
  version bigint not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index approvals_list on approvals (organization_id, id);

create table packs (
  provider_id text collate "C" primary key,
  pack_version text not null,
  json text not null,
  version bigint not null,
  updated_at bigint not null
);

-- Never deleted: a destroyed version stays as a tombstone, so that its number is never used again.
create table organization_keys (
  organization_id text collate "C" not null,
  version bigint not null,
  status bigint not null,
  wrapped bytea,
  master_key_id text not null,
  created_at bigint not null,
  changed_at bigint not null,
  row_version bigint not null,
  primary key (organization_id, version),
  check ((status = 4) = (wrapped is null))
);

create table key_rotations (
  organization_id text collate "C" primary key,
  to_version bigint not null,
  phase bigint not null,
  cursor text,
  resealed bigint not null,
  started_at bigint not null,
  changed_at bigint not null,
  row_version bigint not null
);

create table ledger_heads (
  organization_id text collate "C" primary key,
  seq bigint not null,
  hash bytea not null
);

create table ledger_entries (
  organization_id text collate "C" not null,
  seq bigint not null,
  event_id text not null,
  time bigint not null,
  body bytea,
  body_digest bytea not null,
  prev_hash bytea not null,
  hash bytea not null,
  type text,
  execution_id text,
  user_id text,
  agent text,
  tool text,
  account_id text,
  primary key (organization_id, seq),
  unique (organization_id, event_id)
);
create index ledger_entries_execution on ledger_entries (organization_id, execution_id) where execution_id is not null;
create index ledger_entries_user on ledger_entries (organization_id, user_id, seq) where user_id is not null;
create index ledger_entries_agent on ledger_entries (organization_id, agent, seq) where agent is not null;
create index ledger_entries_time on ledger_entries (organization_id, time, seq);

create table ledger_outbox (
  position bigint generated always as identity primary key,
  organization_id text collate "C" not null,
  event_id text not null,
  time bigint not null,
  body bytea not null,
  type text,
  execution_id text,
  user_id text,
  agent text,
  tool text,
  account_id text,
  unique (organization_id, event_id)
);

-- Every table with an organization_id, and organizations itself, is closed: the application sees the rows of the organization it names in the setting
-- vault.organization, and without the setting none. FORCE, so that the owner sees none either. A new table gets the same lines; a test reads the catalogue.
do $$
declare
  tenant text;
begin
  for tenant in
    select c.table_name from information_schema.columns c where c.table_schema = 'vault' and c.column_name = 'organization_id'
  loop
    execute format('alter table %I enable row level security', tenant);
    execute format('alter table %I force row level security', tenant);
    execute format('create policy tenant on %I to vault_app using (organization_id = current_setting(''vault.organization'', true)) '
      || 'with check (organization_id = current_setting(''vault.organization'', true))', tenant);
  end loop;
end $$;
alter table organizations enable row level security;
alter table organizations force row level security;
create policy tenant on organizations to vault_app using (id = current_setting('vault.organization', true)) with check (id = current_setting('vault.organization', true));

-- What the application may do at all. It cannot remove or rewrite a link of the ledger's chain, take anything from the outbox, or delete a key's tombstone.
grant usage on schema vault to vault_app, vault_system;
grant select, insert, update, delete on accounts, connections, links, api_keys, idempotency, outputs, approvals to vault_app;
grant select, insert, update on organizations, packs to vault_app;
grant select, insert, update (status, wrapped, master_key_id, changed_at, row_version) on organization_keys to vault_app;
grant select, insert, update, delete on key_rotations to vault_app;
grant select on ledger_heads, ledger_entries to vault_app;
grant update (body, type, execution_id, user_id, agent, tool, account_id) on ledger_entries to vault_app;
grant select, insert on ledger_outbox to vault_app;
grant select on schema_version to vault_app;

-- What the functions below may do: the columns they answer with, nothing sealed (the wrapped keys of keys_not_under_master excepted: re-wrapping is its purpose).
grant select on organizations, organization_keys to vault_system;
grant select (organization_id, user_id, connection, label, id, provider, due_at, shard_hash) on accounts to vault_system;
grant select (id, organization_id, token_hash, state_hash, expires_at), delete on links to vault_system;
grant select (id, organization_id) on api_keys to vault_system;
grant select (organization_id, scope, key, expires_at), delete on idempotency to vault_system;
grant select (organization_id, execution_id, expires_at), delete on outputs to vault_system;
grant select (organization_id, phase) on key_rotations to vault_system;
grant select, insert, update on ledger_heads to vault_system;
grant select (organization_id, event_id), insert on ledger_entries to vault_system;
grant select, delete on ledger_outbox to vault_system;
do $$
declare
  crossed text;
begin
  foreach crossed in array array['organizations', 'accounts', 'links', 'api_keys', 'idempotency', 'outputs', 'organization_keys', 'key_rotations',
    'ledger_heads', 'ledger_entries', 'ledger_outbox'] loop
    -- Only inside its functions: the owner is a member of vault_system and must not inherit this.
    execute format('create policy crossing on %I to vault_system using (current_user = ''vault_system'') with check (current_user = ''vault_system'')', crossed);
  end loop;
end $$;

-- The functions belong to vault_system, so they run with its few rights, whoever owns the schema.
grant create on schema vault to vault_system;
set local role vault_system;

-- The sweeper: keys of due accounts of organizations whose gate is open, most urgent first.
create function due_accounts(due_until bigint, shard bigint, shards bigint, take bigint)
returns table (organization_id text, user_id text, connection text, label text, id text, provider text, due_at bigint)
language plpgsql stable security definer set search_path = vault, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select a.organization_id, a.user_id, a.connection, a.label, a.id, a.provider, a.due_at
    from accounts a join organizations o on o.id = a.organization_id
    where a.due_at <= due_until and a.shard_hash % shards = shard and o.gate_open
    order by a.due_at, a.id limit take;
end $$;

create function count_due(due_until bigint) returns bigint
language sql stable security definer set search_path = vault, pg_temp as $$
  select count(*) from accounts a join organizations o on o.id = a.organization_id where a.due_at <= due_until and o.gate_open
$$;

-- A visitor of a link, a callback or a caller with a key shows a digest or an id before anyone knows the organization: these answer its id, no more.
create function link_by_token(digest text) returns text
language plpgsql stable security definer set search_path = vault, pg_temp as $$
begin
  return (select l.organization_id from links l where l.token_hash = digest);
end $$;

create function link_by_state(digest text) returns text
language plpgsql stable security definer set search_path = vault, pg_temp as $$
begin
  return (select l.organization_id from links l where l.state_hash = digest);
end $$;

create function api_key_owner(key_id text) returns text
language plpgsql stable security definer set search_path = vault, pg_temp as $$
begin
  return (select k.organization_id from api_keys k where k.id = key_id);
end $$;

create function any_api_key() returns boolean
language sql stable security definer set search_path = vault, pg_temp as $$ select exists (select 1 from api_keys k where k.id is not null) $$;

-- The platform's own list of organizations.
create function list_organizations(external text, after text, take bigint) returns setof organizations
language sql stable security definer set search_path = vault, pg_temp as $$
  select * from organizations o where (external is null or o.external_id = external) and (after is null or o.id > after) order by o.id limit take
$$;

create function organizations_with_cascade(take bigint) returns setof text
language sql stable security definer set search_path = vault, pg_temp as $$
  select o.id from organizations o where o.cascade_kind is not null order by o.id limit take
$$;

-- Sweeping away what has expired, in bounded steps; one row out per row deleted. The outer condition is tested again on the row as it is when its lock is had:
-- a key that was claimed anew meanwhile stays.
create function delete_expired_links(before bigint, take bigint) returns setof integer
language sql volatile security definer set search_path = vault, pg_temp as $$
  delete from links where id in (select l.id from links l where l.expires_at < before order by l.expires_at limit take)
    and expires_at < before returning 1
$$;

create function delete_expired_outputs(before bigint, take bigint) returns setof integer
language sql volatile security definer set search_path = vault, pg_temp as $$
  delete from outputs where (organization_id, execution_id) in
    (select o.organization_id, o.execution_id from outputs o where o.expires_at < before order by o.expires_at limit take)
    and expires_at < before returning 1
$$;

create function delete_expired_idempotency(before bigint, take bigint) returns setof integer
language sql volatile security definer set search_path = vault, pg_temp as $$
  delete from idempotency where (organization_id, scope, key) in
    (select i.organization_id, i.scope, i.key from idempotency i where i.expires_at < before order by i.expires_at limit take)
    and expires_at < before returning 1
$$;

-- Re-wrapping under a new master key goes through the keys of all organizations.
create function keys_not_under_master(master text, after_organization text, after_version bigint, take bigint) returns setof organization_keys
language sql stable security definer set search_path = vault, pg_temp as $$
  select * from organization_keys k
  where k.status <> 4 and k.master_key_id <> master and (after_organization is null or (k.organization_id, k.version) > (after_organization, after_version))
  order by k.organization_id, k.version limit take
$$;

create function unfinished_rotations(take bigint) returns setof text
language sql stable security definer set search_path = vault, pg_temp as $$
  select r.organization_id from key_rotations r where r.phase <> 3 order by r.organization_id limit take
$$;

-- The ledger's writer serves all organizations at once.
create function ledger_heads_of(organizations text[])
returns table (organization_id text, seq bigint, hash bytea)
language sql stable security definer set search_path = vault, pg_temp as $$
  select h.organization_id, h.seq, h.hash from ledger_heads h where h.organization_id = any (organizations)
$$;

create function oldest_outbox(take bigint) returns setof ledger_outbox
language sql stable security definer set search_path = vault, pg_temp as $$ select * from ledger_outbox b order by b.position limit take $$;

-- Appends groups of many organizations: status 1 appended, 2 the head has moved, 3 an event is already in the chain or gone from the outbox.
-- Safe without an isolation above READ COMMITTED: every append locks its head row first (in one order, so two writers cannot wait for each other), and each
-- statement of this function sees what was committed before the locks were granted. Whoever holds the head is the only one who can add to that chain.
create function ledger_append(
  organizations text[], expected_seqs bigint[], expected_hashes bytea[], new_seqs bigint[], new_hashes bytea[],
  entry_organizations text[], seqs bigint[], event_ids text[], times bigint[], bodies bytea[], digests bytea[], prev_hashes bytea[], hashes bytea[],
  types text[], executions text[], users text[], agents text[], tools text[], accounts text[],
  outbox_organizations text[], outbox_events text[])
returns table (organization_id text, status bigint, seq bigint, hash bytea)
-- By index, always: a plan that was made while the tables were small would read all of a chain that has grown since.
language plpgsql volatile security definer set search_path = vault, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
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
  perform 1 from ledger_heads h where h.organization_id = any (organizations) order by h.organization_id for update;

  select coalesce(array_agg(g.o), '{}') into fitting
    from unnest(organizations, expected_seqs, expected_hashes) g (o, s, x)
    join ledger_heads h on h.organization_id = g.o and h.seq = g.s and h.hash = g.x;
  select coalesce(array_agg(d.o), '{}') into doubled from (
    select e.o from unnest(entry_organizations, event_ids) e (o, id)
      where exists (select 1 from ledger_entries l where l.organization_id = e.o and l.event_id = e.id)
    union all
    select b.o from unnest(outbox_organizations, outbox_events) b (o, id)
      where not exists (select 1 from ledger_outbox x where x.organization_id = b.o and x.event_id = b.id)) d;
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

revoke execute on all functions in schema vault from public;
grant execute on all functions in schema vault to vault_app;
reset role;
revoke create on schema vault from vault_system;
