-- Who asked for a rotation, and the rows that did not open and keep it from its end, one a line.
alter table key_rotations add column requested_by text not null default 'system';
alter table key_rotations add column blocked text;
