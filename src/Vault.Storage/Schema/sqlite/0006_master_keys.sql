-- The master keys this database has seen, in their order, each with a value that only it opens. Two hosts that add one at once want the same number; one gets it.
create table master_keys (
  number integer primary key,
  id text not null unique,
  check_value blob not null,
  created_at integer not null
) strict;
