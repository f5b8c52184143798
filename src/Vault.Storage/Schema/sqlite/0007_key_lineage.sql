-- Who made a key, the principals above it (JSON, the first maker first), the first key of its principal, and what it is limited to (JSON).
alter table api_keys add column made_by text;
alter table api_keys add column ancestors text not null default '[]';
alter table api_keys add column rotated_from text;
alter table api_keys add column constraints text;
create index api_keys_made_by on api_keys (made_by, id) where made_by is not null;
