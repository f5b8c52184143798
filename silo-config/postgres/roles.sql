-- Run once per server by an administrator when the login that owns the vault's schema may not create roles.
-- Replace vault_owner by that login, and vault_login by the application's login where that is another one (VAULT_DATABASE and VAULT_DATABASE_OWNER).
--   psql -v owner=vault_owner -v login=vault_login -f roles.sql
-- vault_app is what the application runs as: it owns nothing and row-level security holds it. vault_system owns the few functions that look across
-- organizations. Neither can log in.
select 'create role vault_app nologin' where not exists (select from pg_roles where rolname = 'vault_app') \gexec
select 'create role vault_system nologin' where not exists (select from pg_roles where rolname = 'vault_system') \gexec
grant vault_app, vault_system to :"owner";
grant vault_app to :"login";
