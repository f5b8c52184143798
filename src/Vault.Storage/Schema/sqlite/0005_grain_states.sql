-- The state of grains, which they can rebuild. On PostgreSQL Orleans' own provider stores it in cluster.grain_state. A
-- cleared state keeps its row and its version.
create table grain_states (
  grain text not null,
  name text not null,
  payload blob,
  version integer not null,
  primary key (grain, name)
) strict, without rowid;
