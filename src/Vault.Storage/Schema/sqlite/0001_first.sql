-- Times are microseconds since the Unix epoch. Sealed values are blobs with their key version beside them.

create table organizations (
  id text primary key,
  display_name text not null,
  external_id text unique,
  version integer not null,
  status text not null,
  gate_open integer not null,
  gate_epoch integer not null,
  cascade_kind text,
  state text not null,
  created_at integer not null,
  updated_at integer not null
) strict, without rowid;
create index organizations_cascade on organizations (id) where cascade_kind is not null;

create table accounts (
  id text primary key,
  organization_id text not null references organizations (id),
  user_id text not null,
  connection text not null,
  label text not null,
  connection_id text not null,
  provider text not null,
  version integer not null,
  status text not null,
  generation integer not null,
  state text not null,
  grant_blob blob,
  grant_blob_key_version integer,
  credential blob,
  credential_key_version integer,
  credential_generation integer not null,
  due_at integer,
  shard_hash integer not null,
  created_at integer not null,
  updated_at integer not null,
  last_used_at integer,
  unique (organization_id, user_id, connection, label)
) strict;
create index accounts_list on accounts (organization_id, id);
create index accounts_due on accounts (due_at) where due_at is not null;

create table connections (
  id text primary key,
  organization_id text not null references organizations (id),
  name text not null,
  provider text not null,
  version integer not null,
  settings text not null,
  client_secret blob,
  client_secret_key_version integer,
  secret_generation integer not null,
  created_at integer not null,
  updated_at integer not null,
  unique (organization_id, name)
) strict;
create index connections_list on connections (organization_id, id);

create table links (
  id text primary key,
  organization_id text not null references organizations (id),
  user_id text not null,
  connection text not null,
  label text not null,
  account_id text not null,
  connection_id text not null,
  version integer not null,
  status text not null,
  token_hash text not null unique,
  state_hash text unique,
  browser_hash text,
  code_verifier blob,
  code_verifier_key_version integer,
  request text not null,
  created_at integer not null,
  expires_at integer not null
) strict;
create index links_expiry on links (expires_at);
create index links_organization on links (organization_id, id);

-- organization_id is 'platform' for keys that belong to none.
create table api_keys (
  id text primary key,
  organization_id text not null,
  name text not null,
  secret_hash text not null,
  suffix text not null,
  permissions text not null,
  version integer not null,
  created_at integer not null,
  expires_at integer,
  revoked_at integer,
  last_used_at integer
) strict;
create index api_keys_list on api_keys (organization_id, id);

create table idempotency (
  organization_id text not null,
  scope text not null,
  key text not null,
  request_digest text not null,
  status integer,
  content_type text,
  body blob,
  body_key_version integer,
  created_at integer not null,
  expires_at integer not null,
  primary key (organization_id, scope, key)
) strict;
create index idempotency_expiry on idempotency (expires_at);

create table outputs (
  organization_id text not null,
  execution_id text not null,
  content_type text not null,
  length integer not null,
  body blob not null,
  body_key_version integer not null,
  expires_at integer not null,
  primary key (organization_id, execution_id)
) strict;
create index outputs_expiry on outputs (expires_at);

create table approvals (
  id text primary key,
  organization_id text not null references organizations (id),
  account_id text not null,
  tool text not null,
  input_digest text not null,
  requested_by text not null,
  status text not null,
  decided_by text,
  version integer not null,
  created_at integer not null,
  expires_at integer not null
) strict;
create index approvals_list on approvals (organization_id, id);

create table packs (
  provider_id text primary key,
  pack_version text not null,
  json text not null,
  version integer not null,
  updated_at integer not null
) strict;

-- Never deleted: a destroyed version stays as a tombstone, so that its number is never used again.
create table organization_keys (
  organization_id text not null,
  version integer not null,
  status integer not null,
  wrapped blob,
  master_key_id text not null,
  created_at integer not null,
  changed_at integer not null,
  row_version integer not null,
  primary key (organization_id, version),
  check ((status = 4) = (wrapped is null))
) strict;

create table key_rotations (
  organization_id text primary key,
  to_version integer not null,
  phase integer not null,
  cursor text,
  resealed integer not null,
  started_at integer not null,
  changed_at integer not null,
  row_version integer not null
) strict;

create table ledger_heads (
  organization_id text primary key,
  seq integer not null,
  hash blob not null
) strict;

create table ledger_entries (
  organization_id text not null,
  seq integer not null,
  event_id text not null,
  time integer not null,
  body blob,
  body_digest blob not null,
  prev_hash blob not null,
  hash blob not null,
  type text,
  execution_id text,
  user_id text,
  agent text,
  tool text,
  account_id text,
  primary key (organization_id, seq),
  unique (organization_id, event_id)
) strict;
create index ledger_entries_execution on ledger_entries (organization_id, execution_id) where execution_id is not null;
create index ledger_entries_user on ledger_entries (organization_id, user_id, seq) where user_id is not null;
create index ledger_entries_agent on ledger_entries (organization_id, agent, seq) where agent is not null;
create index ledger_entries_time on ledger_entries (organization_id, time, seq);

create table ledger_outbox (
  position integer primary key autoincrement,
  organization_id text not null,
  event_id text not null,
  time integer not null,
  body blob not null,
  type text,
  execution_id text,
  user_id text,
  agent text,
  tool text,
  account_id text,
  unique (organization_id, event_id)
) strict;
