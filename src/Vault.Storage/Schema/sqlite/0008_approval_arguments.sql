-- What an approver decides about, sealed; the principals of who asked (JSON), none of whom may approve; the key that decided.
alter table approvals add column arguments blob;
alter table approvals add column arguments_key_version integer;
alter table approvals add column requester_lineage text not null default '[]';
alter table approvals add column decided_with text;
