-- Links whose code was sent and whose exchange nobody has ended: found again, so that a host that died in between leaves no consent half-done for ever.
create index links_exchanging on links (expires_at) where status = 'Exchanging';
