-- What signalling said of a call.
create table signalling (
  call             text primary key references calls (id) on delete cascade,
  caller_name      text not null,
  asserted         integer not null check (asserted in (0, 1)),
  diverted_from    text,
  diverted_why     text,
  ended_by         text check (ended_by in ('caller', 'box', 'network')),
  end_sip          integer,
  end_q850         integer check (end_q850 between 0 and 127),
  end_text         text
) strict, without rowid;
