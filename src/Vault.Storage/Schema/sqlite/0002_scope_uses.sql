-- How often calls used a scope of an account, and how often calls were refused because it is missing. Statistics only.
create table scope_uses (
  organization_id text not null,
  account_id text not null,
  scope text not null,
  uses integer not null,
  last_used_at integer,
  refusals integer not null,
  last_refused_at integer,
  primary key (organization_id, account_id, scope)
) strict, without rowid;
