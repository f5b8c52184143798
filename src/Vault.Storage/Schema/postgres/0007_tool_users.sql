-- Which connections name a tool, of whatever organization: asked before a tool set is deleted. Ids go out, no settings; nothing sealed can be read on the way.
grant select (id, organization_id, settings) on connections to vault_system;
create policy crossing on connections to vault_system using (current_user = 'vault_system') with check (current_user = 'vault_system');

grant create on schema vault to vault_system;
set local role vault_system;

create function connections_naming(names text[], past text, take bigint) returns table (organization_id text, id text)
language plpgsql stable security definer set search_path = vault, pg_temp as $$
#variable_conflict use_column
begin
  return query
    select c.organization_id, c.id from connections c
    where c.id > past and exists (
      select 1 from jsonb_array_elements_text(
        case jsonb_typeof(c.settings::jsonb -> 'tools') when 'array' then c.settings::jsonb -> 'tools' else '[]'::jsonb end) as named (tool)
      where named.tool = any (names))
    order by c.id limit take;
end $$;

revoke execute on function connections_naming(text[], text, bigint) from public;
grant execute on function connections_naming(text[], text, bigint) to vault_app;
reset role;
revoke create on schema vault from vault_system;
