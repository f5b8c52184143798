-- State of grains that they may rebuild; on PostgreSQL Orleans' own provider keeps it in cluster.grain_state. A state that was cleared keeps its row and its version.
create table grain_states (
  grain text not null,
  name text not null,
  payload blob,
  version integer not null,
  primary key (grain, name)
) strict, without rowid;
