-- Facts about refreshes that the hosts share: drained data folders, whose turn it is at a connection, how providers answered a reuse. They belong to no organization and hold no credential.
create table refresh_notes (
  kind text not null,
  subject text not null,
  detail text not null,
  value text not null,
  at integer not null,
  primary key (kind, subject, detail)
) strict;
