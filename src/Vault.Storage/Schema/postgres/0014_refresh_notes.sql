-- Facts about refreshes that the hosts share: drained data folders, whose turn it is at a connection, how providers answered a reuse. They belong to no organization and hold no credential.
create table refresh_notes (
  kind text collate "C" not null,
  subject text collate "C" not null,
  detail text collate "C" not null,
  value text not null,
  at bigint not null,
  primary key (kind, subject, detail)
);
grant select, insert, update, delete on refresh_notes to vault_app;
