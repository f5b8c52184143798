-- The caller that requested a rotation, and the rows that cannot be decrypted and block it, one per line.
alter table key_rotations add column requested_by text not null default 'system', add column blocked text;
