-- What an approver decides about, sealed; the principals of who asked (JSON), none of whom may approve; the key that decided.
alter table approvals
  add column arguments bytea,
  add column arguments_key_version bigint,
  add column requester_lineage text not null default '[]',
  add column decided_with text;
