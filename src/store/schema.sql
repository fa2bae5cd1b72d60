-- The truth about Callbox's database, version 6 (`pragma user_version`).
--
-- Conventions, for every table:
--   *_unix_ms   milliseconds since 1970-01-01 UTC, from the caller of the store; SQLite's own
--               clock is never asked.
--   *_local     civil time of the business as YYYY-MM-DDTHH:MM:SS, without offset. All have the
--               same width, so that comparing text compares time.
--   call        the call's id as the daemon gave it. Outside `turns` it refers to nothing: a
--               booking outlives the record of the call it came from.
--   json        UTF-8 JSON text.
-- A new version changes this file and adds upgrades/NNNN.sql; a released upgrade never changes.

-- One row per answered call.
create table calls (
  id               text primary key,
  -- Name of the business that answered.
  business         text not null,
  -- Number or SIP user of the caller as the trunk gave it; '' when withheld.
  caller_number    text not null,
  -- Number or SIP user that was dialled.
  called_number    text not null,
  started_unix_ms  integer not null,
  started_local    text not null,
  -- Null while the call runs. At least started_unix_ms.
  ended_unix_ms    integer check (ended_unix_ms >= started_unix_ms),
  -- completed, silence, too_long, failed, gone (the caller hung up) or lost (the daemon stopped
  -- in mid-call). Null exactly while ended_unix_ms is.
  outcome          text check ((outcome is null) = (ended_unix_ms is null)),
  -- RTP packets over the whole call; null while it runs and when it never ended properly.
  packets_sent     integer,
  packets_received integer,
  -- Packets the caller sent that never came, by sequence number.
  packets_lost     integer,
  -- Time between packets as they were sent, in milliseconds: 99 of 100 were at most the first,
  -- all at most the second, where 100 stands for longer too.
  send_gap_p99_ms  real,
  send_gap_most_ms real,
  -- Codec of the audio, as in an rtpmap line; null when none was agreed on.
  codec            text,
  -- What people would think of the caller's voice as it came here, 1 to 4.5 (E-model, ITU-T G.107);
  -- null when nothing came.
  mos              real
) strict;
create index calls_by_start on calls (started_unix_ms);

-- What signalling said of a call; at most one row a call.
create table signalling (
  call             text primary key references calls (id) on delete cascade,
  -- Display name of the caller; '' without one.
  caller_name      text not null,
  -- 1 when a trusted peer vouches for the caller's number (P-Asserted-Identity).
  asserted         integer not null check (asserted in (0, 1)),
  -- Number or user that was called first and sent the call on (Diversion); '' when not named,
  -- null when nobody did.
  diverted_from    text,
  -- In the word of the line: no-answer, user-busy, unconditional..
  diverted_why     text,
  -- Null while the call runs.
  ended_by         text check (ended_by in ('caller', 'box', 'network')),
  -- What was named as the reason (RFC 3326): a SIP status, an ITU-T Q.850 cause, words.
  end_sip          integer,
  end_q850         integer check (end_q850 between 0 and 127),
  end_text         text
) strict, without rowid;

-- Recordings of calls, at most one a call; only of businesses that record.
create table recordings (
  call             text primary key references calls (id) on delete cascade,
  -- Name in the folder records.recordings.
  file             text not null,
  -- What can be heard of it. 0 while it begins.
  length_ms        integer not null check (length_ms >= 0),
  -- Sound that did not get into it because the disk was slow, of both sides added.
  missing_ms       integer not null check (missing_ms >= 0),
  -- What ended it before the call: the disk; null when nothing did.
  stopped          text check (stopped in ('disk')),
  -- When the file was erased for its age; null while it is there.
  erased_unix_ms   integer
) strict, without rowid;

-- One row per turn: what was heard, what was decided, what was said, and when each stage ended.
create table turns (
  call             text not null references calls (id) on delete cascade,
  -- Counted from 0, the greeting.
  turn             integer not null check (turn >= 0),
  -- As recognised; '' in the greeting and when only keys were pressed.
  caller_text      text not null,
  -- Mean token probability of the recogniser, 0 to 1.
  confidence       real not null,
  -- Keypad digits, in order.
  keyed            text not null,
  -- The model's output as it came; '' when rules settled the turn.
  decision         text not null,
  -- json: list of tools run, each with its result.
  tools            text not null check (json_valid(tools)),
  -- What the agent said, cut at the last word heard.
  agent_text       text not null,
  -- 1 when the caller cut in.
  interrupted      integer not null check (interrupted in (0, 1)),
  -- Stages. Instants count from the start of the call; durations from the engine's receipt of
  -- the work. Null where a stage did not occur.
  speech_end_ms    integer,  -- instant: last frame with speech of the caller
  transcript_ms    integer,  -- instant: the final transcript arrived
  stt_decode_ms    integer,  -- duration: the recogniser's work on it
  turn_end_ms      integer,  -- instant: the turn was taken to be over
  decision_ms      integer,  -- instant: the decision was complete
  llm_first_ms     integer,  -- duration: to the model's first token
  llm_total_ms     integer,  -- duration: to its last token
  tools_ms         integer,  -- instant: the tools had answered
  say_ms           integer,  -- instant: the answer was handed to the voice
  voice_ms         integer,  -- instant: the first clause was synthesised
  audio_ms         integer,  -- instant: the first of its samples left the box
  primary key (call, turn)
) strict, without rowid;

-- Times kept for a call while its caller decides. At most one per call.
create table holds (
  -- Never used again, so that a late reference can't meet another call's hold.
  id               integer primary key autoincrement,
  calendar         text not null,
  call             text not null unique,
  service          text not null,
  start_local      text not null,
  end_local        text not null check (end_local > start_local),
  start_unix_ms    integer not null,
  end_unix_ms      integer not null check (end_unix_ms > start_unix_ms),
  -- How many bookings and holds the calendar takes at one time.
  capacity         integer not null check (capacity > 0),
  -- From here on the hold keeps nobody out any more.
  expires_unix_ms  integer not null
) strict;
create index holds_by_time on holds (calendar, start_local);

-- Bookings. Invariant: at no time are more of a calendar's bookings under way with status
-- 'booked' than its capacity was when they were made.
create table bookings (
  id                integer primary key autoincrement,
  calendar          text not null,
  service           text not null,
  -- As captured from the caller.
  name              text not null,
  -- Digits as captured or taken from the caller's number; null when unknown.
  phone             text,
  start_local       text not null,
  end_local         text not null check (end_local > start_local),
  start_unix_ms     integer not null,
  end_unix_ms       integer not null check (end_unix_ms > start_unix_ms),
  status            text not null check (status in ('booked', 'cancelled')),
  -- The call that made it.
  call              text not null,
  -- Idempotency key of the request that made it: a repeated request finds its own booking.
  key               text not null unique,
  created_unix_ms   integer not null,
  -- Last move or cancellation.
  changed_unix_ms   integer not null,
  -- What the caller answered to the business's own questions; '' without any.
  notes             text not null default ''
) strict;
create index bookings_by_time on bookings (calendar, start_local) where status = 'booked';
create index bookings_by_call on bookings (call);

-- Messages for the owner.
create table messages (
  id               integer primary key autoincrement,
  business         text not null,
  call             text not null,
  key              text not null unique,
  -- 1 for what can't wait: emergencies, and people who must be called back at once.
  urgent           integer not null check (urgent in (0, 1)),
  name             text,
  phone            text,
  text             text not null,
  taken_unix_ms    integer not null,
  taken_local      text not null
) strict;
create index messages_by_call on messages (call);

-- The reply to every request that changed something, written in the transaction of the change:
-- a request repeated after a crash gets its first reply and changes nothing again.
create table replies (
  -- Call and key of the request, as given by the daemon.
  key              text primary key,
  -- Which request it was; a key used for another one is refused.
  request          text not null,
  -- json
  reply            text not null check (json_valid(reply)),
  at_unix_ms       integer not null
) strict, without rowid;

-- Which knowledge is in the index: rebuilt when the fingerprint changes.
create table knowledge_editions (
  business         text primary key,
  -- Of all passages and this index's version.
  fingerprint      text not null
) strict, without rowid;

-- Passages of the knowledge folders, one to three sentences each.
create virtual table knowledge using fts5 (
  business unindexed,
  -- File and heading.
  source,
  body,
  tokenize = "porter unicode61 remove_diacritics 2"
);
