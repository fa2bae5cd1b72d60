-- Recordings of calls.
create table recordings (
  call             text primary key references calls (id) on delete cascade,
  file             text not null,
  length_ms        integer not null check (length_ms >= 0),
  missing_ms       integer not null check (missing_ms >= 0),
  stopped          text check (stopped in ('disk')),
  erased_unix_ms   integer
) strict, without rowid;
