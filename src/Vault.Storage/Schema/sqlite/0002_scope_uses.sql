-- How often a scope of an account served a call, and how often a call was refused for want of it. Figures: nothing rests on them.
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
