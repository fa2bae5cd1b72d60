//! The record of a call. Writing it never makes the call wait.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::error::{StoreError, Trouble};
use crate::private::Private;
use crate::span::{Moment, text};
use crate::store::Store;

/// A call begins.
#[derive(Debug, Clone)]
pub struct CallStart {
    /// Its id, unique for ever.
    pub id: String,
    /// Name of the business that answers.
    pub business: String,
    /// Who calls; empty when withheld.
    pub caller_number: Private,
    /// What was dialled.
    pub called_number: String,
    /// When it was answered.
    pub at: Moment,
}

/// A call is over.
#[derive(Debug, Clone)]
pub struct CallEnd {
    /// Its id.
    pub id: String,
    /// When.
    pub unix_ms: i64,
    /// `completed`, `silence`, `too_long`, `failed` or `gone`.
    pub outcome: String,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets of the caller that never came.
    pub packets_lost: u64,
    /// Milliseconds between packets sent that 99 of 100 did not exceed; `None` if fewer than two were sent.
    pub send_gap_p99_ms: Option<f64>,
    /// The longest of them; 100 stands for longer too.
    pub send_gap_most_ms: Option<f64>,
    /// Codec of the audio, as in an rtpmap line.
    pub codec: Option<String>,
    /// What people would think of the caller's voice, 1 to 4.5 (ITU-T G.107).
    pub mos: Option<f64>,
}

/// When each stage of a turn was reached. Instants are milliseconds since the start of the call;
/// `stt_decode_ms`, `llm_first_ms` and `llm_total_ms` are durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// Last frame with speech of the caller.
    pub speech_end_ms: Option<i64>,
    /// The final transcript arrived.
    pub transcript_ms: Option<i64>,
    /// The recogniser's work on it.
    pub stt_decode_ms: Option<i64>,
    /// The turn was taken to be over.
    pub turn_end_ms: Option<i64>,
    /// The decision was complete.
    pub decision_ms: Option<i64>,
    /// To the model's first token.
    pub llm_first_ms: Option<i64>,
    /// To its last.
    pub llm_total_ms: Option<i64>,
    /// The tools had answered.
    pub tools_ms: Option<i64>,
    /// The answer was handed to the voice.
    pub say_ms: Option<i64>,
    /// The first clause was synthesised.
    pub voice_ms: Option<i64>,
    /// The first of its samples left the box.
    pub audio_ms: Option<i64>,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Id of the call.
    pub call: String,
    /// Counted from 0, the greeting.
    pub turn: u32,
    /// What the caller said, as recognised.
    pub caller_text: Private,
    /// Mean token probability of the recogniser, 0 to 1.
    pub confidence: f64,
    /// Keypad digits.
    pub keyed: Private,
    /// The model's output; empty when rules settled the turn.
    pub decision: Private,
    /// Tools run, each with its result.
    pub tools: serde_json::Value,
    /// What the agent said, cut at the last word heard.
    pub agent_text: Private,
    /// True when the caller cut in.
    pub interrupted: bool,
    /// When each stage was reached.
    pub stages: Stages,
}

/// A call as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// Who answered.
    pub business: String,
    /// Who called; empty when withheld.
    pub caller_number: Private,
    /// What was dialled.
    pub called_number: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: i64,
    /// Civil time of the business.
    pub started_local: String,
    /// `None` while the call runs.
    pub ended_unix_ms: Option<i64>,
    /// `None` while the call runs; `lost` when the daemon stopped in mid-call.
    pub outcome: Option<String>,
    /// RTP packets sent.
    pub packets_sent: Option<i64>,
    /// RTP packets received.
    pub packets_received: Option<i64>,
    /// RTP packets of the caller that never came.
    pub packets_lost: Option<i64>,
    /// Milliseconds between packets sent that 99 of 100 did not exceed.
    pub send_gap_p99_ms: Option<f64>,
    /// The longest of them; 100 stands for longer too.
    pub send_gap_most_ms: Option<f64>,
    /// Codec of the audio, as in an rtpmap line.
    pub codec: Option<String>,
    /// What people would think of the caller's voice, 1 to 4.5 (ITU-T G.107).
    pub mos: Option<f64>,
    /// Turns recorded.
    pub turns: i64,
    /// Bookings made in it.
    pub bookings: i64,
    /// Messages taken in it.
    pub messages: i64,
}

impl Store {
    /// Records that a call was answered. Queued: false when the queue is full and it is lost.
    pub fn call_started(&self, start: CallStart) -> bool {
        self.record("recording a call", move |transaction| {
            transaction
                .prepare_cached(
                    "insert into calls (id, business, caller_number, called_number, started_unix_ms, started_local)
                     values (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    start.id,
                    start.business,
                    start.caller_number.as_str(),
                    start.called_number,
                    start.at.unix_ms,
                    text(start.at.local)
                ])?;
            Ok(())
        })
    }

    /// Records a turn; one recorded before under the same number is replaced. Queued likewise.
    pub fn turn(&self, turn: Turn) -> bool {
        self.record("recording a turn", move |transaction| insert_turn(transaction, &turn))
    }

    /// Records that a call is over. Queued likewise.
    pub fn call_ended(&self, end: CallEnd) -> bool {
        self.record("recording the end of a call", move |transaction| {
            let count = |packets: u64| i64::try_from(packets).unwrap_or(i64::MAX);
            transaction
                .prepare_cached(
                    "update calls set ended_unix_ms = max(?, started_unix_ms), outcome = ?,
                            packets_sent = ?, packets_received = ?, packets_lost = ?,
                            send_gap_p99_ms = ?, send_gap_most_ms = ?, codec = ?, mos = ?
                      where id = ?",
                )?
                .execute(params![
                    end.unix_ms,
                    end.outcome,
                    count(end.packets_sent),
                    count(end.packets_received),
                    count(end.packets_lost),
                    end.send_gap_p99_ms,
                    end.send_gap_most_ms,
                    end.codec,
                    end.mos,
                    end.id
                ])?;
            Ok(())
        })
    }

    /// Ends, as `lost`, every call a former run of the daemon left open, and lets go of what they
    /// held. For the start of the daemon, before the first call. Returns how many there were.
    pub fn close_lost_calls(&self, unix_ms: i64) -> Result<usize, StoreError> {
        self.write("closing lost calls", move |transaction| {
            transaction.execute("delete from holds", [])?;
            let lost = transaction.execute(
                "update calls set ended_unix_ms = max(?, started_unix_ms), outcome = 'lost' where ended_unix_ms is null",
                [unix_ms],
            )?;
            Ok(lost)
        })
    }

    /// The latest calls, latest first.
    pub fn calls(&self, limit: u32) -> Result<Vec<Call>, StoreError> {
        self.read("listing calls", |connection| {
            let order = "order by started_unix_ms desc, id limit ?";
            let mut query = connection.prepare_cached(&format!("{CALL} {order}"))?;
            Ok(query.query_map([limit], call)?.collect::<Result<_, _>>()?)
        })
    }

    /// The call of this id, or the only one whose id begins so.
    pub fn call(&self, id: &str) -> Result<Option<Call>, StoreError> {
        self.read("reading a call", |connection| {
            let exact = connection.query_row(&format!("{CALL} where id = ?"), [id], call).optional()?;
            if exact.is_some() || id.is_empty() {
                return Ok(exact);
            }
            let mut query =
                connection.prepare_cached(&format!("{CALL} where substr(id, 1, length(?1)) = ?1 limit 2"))?;
            let mut begun: Vec<Call> = query.query_map([id], call)?.collect::<Result<_, _>>()?;
            Ok(if begun.len() == 1 { begun.pop() } else { None })
        })
    }

    /// The turns of a call, in order.
    pub fn turns(&self, call: &str) -> Result<Vec<Turn>, StoreError> {
        self.read("reading turns", |connection| {
            let mut query = connection.prepare_cached("select * from turns where call = ? order by turn")?;
            Ok(query.query_map([call], read_turn)?.collect::<Result<_, _>>()?)
        })
    }
}

/// A call with its counts, which are counted and never stored.
const CALL: &str = "select calls.*,
    (select count(*) from turns where turns.call = calls.id) as turns,
    (select count(*) from bookings where bookings.call = calls.id) as bookings,
    (select count(*) from messages where messages.call = calls.id) as messages
  from calls";

fn insert_turn(transaction: &Connection, turn: &Turn) -> Result<(), Trouble> {
    let s = &turn.stages;
    transaction
        .prepare_cached(
            "insert or replace into turns (call, turn, caller_text, confidence, keyed, decision, tools, agent_text,
                 interrupted, speech_end_ms, transcript_ms, stt_decode_ms, turn_end_ms, decision_ms, llm_first_ms,
                 llm_total_ms, tools_ms, say_ms, voice_ms, audio_ms)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            turn.call,
            turn.turn,
            turn.caller_text.as_str(),
            turn.confidence,
            turn.keyed.as_str(),
            turn.decision.as_str(),
            turn.tools.to_string(),
            turn.agent_text.as_str(),
            turn.interrupted,
            s.speech_end_ms,
            s.transcript_ms,
            s.stt_decode_ms,
            s.turn_end_ms,
            s.decision_ms,
            s.llm_first_ms,
            s.llm_total_ms,
            s.tools_ms,
            s.say_ms,
            s.voice_ms,
            s.audio_ms
        ])?;
    Ok(())
}

fn call(row: &Row<'_>) -> Result<Call, rusqlite::Error> {
    Ok(Call {
        id: row.get("id")?,
        business: row.get("business")?,
        caller_number: row.get::<_, String>("caller_number")?.into(),
        called_number: row.get("called_number")?,
        started_unix_ms: row.get("started_unix_ms")?,
        started_local: row.get("started_local")?,
        ended_unix_ms: row.get("ended_unix_ms")?,
        outcome: row.get("outcome")?,
        packets_sent: row.get("packets_sent")?,
        packets_received: row.get("packets_received")?,
        packets_lost: row.get("packets_lost")?,
        send_gap_p99_ms: row.get("send_gap_p99_ms")?,
        send_gap_most_ms: row.get("send_gap_most_ms")?,
        codec: row.get("codec")?,
        mos: row.get("mos")?,
        turns: row.get("turns")?,
        bookings: row.get("bookings")?,
        messages: row.get("messages")?,
    })
}

fn read_turn(row: &Row<'_>) -> Result<Turn, rusqlite::Error> {
    let tools: String = row.get("tools")?;
    Ok(Turn {
        call: row.get("call")?,
        turn: row.get("turn")?,
        caller_text: row.get::<_, String>("caller_text")?.into(),
        confidence: row.get("confidence")?,
        keyed: row.get::<_, String>("keyed")?.into(),
        decision: row.get::<_, String>("decision")?.into(),
        tools: serde_json::from_str(&tools).unwrap_or(serde_json::Value::Null),
        agent_text: row.get::<_, String>("agent_text")?.into(),
        interrupted: row.get("interrupted")?,
        stages: Stages {
            speech_end_ms: row.get("speech_end_ms")?,
            transcript_ms: row.get("transcript_ms")?,
            stt_decode_ms: row.get("stt_decode_ms")?,
            turn_end_ms: row.get("turn_end_ms")?,
            decision_ms: row.get("decision_ms")?,
            llm_first_ms: row.get("llm_first_ms")?,
            llm_total_ms: row.get("llm_total_ms")?,
            tools_ms: row.get("tools_ms")?,
            say_ms: row.get("say_ms")?,
            voice_ms: row.get("voice_ms")?,
            audio_ms: row.get("audio_ms")?,
        },
    })
}
