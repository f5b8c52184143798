-- How often a scope of an account served a call, and how often a call was refused for want of it. Figures: nothing rests on them.
-- The reference holds the account while a count is written, so that a purge cannot leave a count behind.
create table scope_uses (
  organization_id text collate "C" not null,
  account_id text collate "C" not null references accounts (id) on delete cascade,
  scope text collate "C" not null,
  uses bigint not null,
  last_used_at bigint,
  refusals bigint not null,
  last_refused_at bigint,
  primary key (organization_id, account_id, scope)
);
create index scope_uses_account on scope_uses (account_id);

alter table scope_uses enable row level security;
alter table scope_uses force row level security;
create policy tenant on scope_uses to vault_app using (organization_id = current_setting('vault.organization', true))
  with check (organization_id = current_setting('vault.organization', true));
grant select, insert, update, delete on scope_uses to vault_app;
