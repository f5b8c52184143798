-- The schema of the cluster itself: who is a member, which reminders there are, and what grains keep of their own. Accounts are not here: they live in schema vault.
-- A silo applies this file when it starts (as VAULT_DATABASE_OWNER, or VAULT_DATABASE); an administrator may apply it before: psql -1 -f cluster.sql
-- It may be applied any number of times, by several at once: the lock lets one at a time in. Run it in one transaction.
select pg_advisory_xact_lock(32489235427725422);

create schema if not exists cluster;

-- One row per cluster. Every change of its membership raises the version, and only from the version the writer has seen: two silos never both win.
create table if not exists cluster.membership_version (
  deployment_id text primary key,
  version int not null default 0,
  changed_at timestamptz not null default now()
);

create table if not exists cluster.membership (
  deployment_id text not null references cluster.membership_version,
  address text not null,
  port int not null,
  generation int not null,
  silo_name text not null,
  host_name text not null,
  status int not null,
  proxy_port int not null,
  suspect_times text,
  start_time timestamptz not null,
  i_am_alive_time timestamptz not null,
  primary key (deployment_id, address, port, generation)
);

create table if not exists cluster.reminders (
  service_id text not null,
  grain_id text not null,
  reminder_name text not null,
  start_time timestamptz not null,
  period bigint not null,
  grain_hash int not null,
  version int not null,
  primary key (service_id, grain_id, reminder_name)
);
-- Silos read the ranges of the ring they own.
create index if not exists reminders_by_hash on cluster.reminders (service_id, grain_hash);

create table if not exists cluster.grain_state (
  service_id text not null,
  grain_id_hash int not null,
  grain_type_hash int not null,
  n0 bigint not null,
  n1 bigint not null,
  grain_type text not null,
  extension text not null default '',
  payload bytea,
  version int not null,
  modified_at timestamptz not null default now(),
  -- The first write of a state must be unique: two activations can both believe that there is none.
  primary key (grain_id_hash, grain_type_hash, service_id, n0, n1, grain_type, extension)
);

-- What silos show each other beside their calls and no client knows: made once, of 244 random bits. In a schema of its own, because a client's login may read the other one.
create schema if not exists cluster_private;
create table if not exists cluster_private.member_token (
  token text not null,
  only_one boolean primary key default true check (only_one)
);
insert into cluster_private.member_token (token)
  values (encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex')) on conflict do nothing;

-- The application's role, where schema vault has made it: what logs in as the application is its member.
do $$ begin
  if exists (select from pg_roles where rolname = 'vault_app') then
    grant usage on schema cluster to vault_app;
    grant select, insert, update, delete on all tables in schema cluster to vault_app;
  end if;
end $$;

-- Orleans' providers find their statements here, once at start. Parameters are theirs; columns are read by name.
create or replace view cluster.orleansquery as
select * from (values

-- Clustering. Each write of a member is one statement that first raises the version: it waits for a concurrent writer's row lock, looks at the version again, and
-- changes nothing when it has moved on.
('InsertMembershipVersionKey', $q$
  with made as (insert into membership_version (deployment_id) values (@DeploymentId) on conflict do nothing returning 1)
  select exists (select from made)
$q$),
('MembershipReadAllKey', $q$
  select m.start_time as "StartTime", m.address as "Address", m.port as "Port", m.generation as "Generation", m.silo_name as "SiloName", m.host_name as "HostName",
    m.status as "Status", m.proxy_port as "ProxyPort", m.i_am_alive_time as "IAmAliveTime", m.suspect_times as "SuspectTimes", v.version as "Version"
  from membership_version v left join membership m on m.deployment_id = v.deployment_id
  where v.deployment_id = @DeploymentId
$q$),
('MembershipReadRowKey', $q$
  select m.start_time as "StartTime", m.address as "Address", m.port as "Port", m.generation as "Generation", m.silo_name as "SiloName", m.host_name as "HostName",
    m.status as "Status", m.proxy_port as "ProxyPort", m.i_am_alive_time as "IAmAliveTime", m.suspect_times as "SuspectTimes", v.version as "Version"
  from membership_version v left join membership m on m.deployment_id = v.deployment_id and m.address = @Address and m.port = @Port and m.generation = @Generation
  where v.deployment_id = @DeploymentId
$q$),
('InsertMembershipKey', $q$
  with raised as (
    update membership_version set version = version + 1, changed_at = now()
    where deployment_id = @DeploymentId and version = @Version
      and not exists (select from membership where deployment_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
    returning deployment_id),
  made as (
    insert into membership (deployment_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, i_am_alive_time)
    select deployment_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime from raised
    returning 1)
  select exists (select from made)
$q$),
('UpdateMembershipKey', $q$
  with raised as (
    update membership_version set version = version + 1, changed_at = now()
    where deployment_id = @DeploymentId and version = @Version
      and exists (select from membership where deployment_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
    returning deployment_id),
  changed as (
    update membership m set status = @Status, suspect_times = @SuspectTimes, i_am_alive_time = @IAmAliveTime
    from raised where m.deployment_id = raised.deployment_id and m.address = @Address and m.port = @Port and m.generation = @Generation
    returning 1)
  select exists (select from changed)
$q$),
('UpdateIAmAlivetimeKey', $q$
  update membership set i_am_alive_time = @IAmAliveTime
  where deployment_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation
$q$),
('GatewaysQueryKey', $q$
  select address as "Address", proxy_port as "ProxyPort", generation as "Generation"
  from membership where deployment_id = @DeploymentId and status = @Status and proxy_port > 0
$q$),
-- Dead ones only: a silo that is stopping still has a say.
('CleanupDefunctSiloEntriesKey', $q$
  delete from membership where deployment_id = @DeploymentId and i_am_alive_time < @IAmAliveTime and status = 6
$q$),
('DeleteMembershipTableEntriesKey', $q$
  with gone as (delete from membership where deployment_id = @DeploymentId returning 1)
  delete from membership_version where deployment_id = @DeploymentId and (select count(*) from gone) >= 0
$q$),

-- Reminders.
('ReadReminderRowsKey', $q$
  select grain_id as "GrainId", reminder_name as "ReminderName", start_time as "StartTime", period as "Period", version as "Version"
  from reminders where service_id = @ServiceId and grain_id = @GrainId
$q$),
('ReadReminderRowKey', $q$
  select grain_id as "GrainId", reminder_name as "ReminderName", start_time as "StartTime", period as "Period", version as "Version"
  from reminders where service_id = @ServiceId and grain_id = @GrainId and reminder_name = @ReminderName
$q$),
('ReadRangeRows1Key', $q$
  select grain_id as "GrainId", reminder_name as "ReminderName", start_time as "StartTime", period as "Period", version as "Version"
  from reminders where service_id = @ServiceId and grain_hash > @BeginHash and grain_hash <= @EndHash
$q$),
('ReadRangeRows2Key', $q$
  select grain_id as "GrainId", reminder_name as "ReminderName", start_time as "StartTime", period as "Period", version as "Version"
  from reminders where service_id = @ServiceId and (grain_hash > @BeginHash or grain_hash <= @EndHash)
$q$),
('UpsertReminderRowKey', $q$
  insert into reminders (service_id, grain_id, reminder_name, start_time, period, grain_hash, version)
  values (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
  on conflict (service_id, grain_id, reminder_name) do update
    set start_time = excluded.start_time, period = excluded.period, grain_hash = excluded.grain_hash, version = reminders.version + 1
  returning version as "Version"
$q$),
('DeleteReminderRowKey', $q$
  with gone as (
    delete from reminders where service_id = @ServiceId and grain_id = @GrainId and reminder_name = @ReminderName and version = @Version returning 1)
  select exists (select from gone)
$q$),
('DeleteReminderRowsKey', $q$
  delete from reminders where service_id = @ServiceId
$q$),

-- Persistence. A write that answers the version it was given is a conflict: the state has another one, or is there although the writer believed that it is not.
('ReadFromStorageKey', $q$
  select payload as "PayloadBinary", version as "Version" from grain_state
  where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and service_id = @ServiceId and n0 = @GrainIdN0 and n1 = @GrainIdN1
    and grain_type = @GrainTypeString and extension = coalesce(@GrainIdExtensionString, '')
$q$),
('WriteToStorageKey', $q$
  with made as (
    insert into grain_state (service_id, grain_id_hash, grain_type_hash, n0, n1, grain_type, extension, payload, version)
    select @ServiceId, @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @GrainTypeString, coalesce(@GrainIdExtensionString, ''), @PayloadBinary, 1
    where @GrainStateVersion::int is null
    on conflict do nothing
    returning version),
  changed as (
    update grain_state set payload = @PayloadBinary, version = version + 1, modified_at = now()
    where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and service_id = @ServiceId and n0 = @GrainIdN0 and n1 = @GrainIdN1
      and grain_type = @GrainTypeString and extension = coalesce(@GrainIdExtensionString, '') and version = @GrainStateVersion::int
    returning version)
  select coalesce((select version from made), (select version from changed), @GrainStateVersion::int) as "NewGrainStateVersion"
$q$),
('ClearStorageKey', $q$
  update grain_state set payload = null, version = version + 1, modified_at = now()
  where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and service_id = @ServiceId and n0 = @GrainIdN0 and n1 = @GrainIdN1
    and grain_type = @GrainTypeString and extension = coalesce(@GrainIdExtensionString, '') and version = @GrainStateVersion::int
  returning version as "NewGrainStateVersion"
$q$),
('DeleteStorageKey', $q$
  delete from grain_state
  where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and service_id = @ServiceId and n0 = @GrainIdN0 and n1 = @GrainIdN1
    and grain_type = @GrainTypeString and extension = coalesce(@GrainIdExtensionString, '') and version = @GrainStateVersion::int
  returning version + 1 as "NewGrainStateVersion"
$q$)

) as q (querykey, querytext);

do $$ begin
  if exists (select from pg_roles where rolname = 'vault_app') then grant select on cluster.orleansquery to vault_app; end if;
end $$;
