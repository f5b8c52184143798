-- Links with a sent code and an unfinished exchange. The host finds and finishes them after a crash.
create index links_exchanging on links (expires_at) where status = 'Exchanging';
