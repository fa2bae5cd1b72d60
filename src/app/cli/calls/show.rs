use std::path::{Path, PathBuf};

use serde::Serialize;
use store::{Booking, Call, Message, Recording, Signalling, Store, Turn};

use super::list::{BookingLine, CallLine, RecordingLine, status};
use super::timeline::{end_to_audio_ms, timeline};
use super::{CliError, length, minute, number};
use crate::cli::output::{json_line, print};

/// Characters of a tool's call and answer that are shown.
const GLANCE: usize = 160;

/// One line of `calls show --json`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line<'a> {
    Call(CallLine<'a>),
    Turn {
        #[serde(flatten)]
        turn: &'a Turn,
        end_to_audio_ms: Option<i64>,
    },
    Booking(BookingLine<'a>),
    Message(&'a Message),
}

/// Everything of one call.
struct Found {
    call: Call,
    signalling: Option<Signalling>,
    recording: Option<Recorded>,
    turns: Vec<Turn>,
    bookings: Vec<Booking>,
    messages: Vec<Message>,
}

/// A recording and where its file is, while it is there.
struct Recorded {
    recording: Recording,
    path: Option<PathBuf>,
}

impl Recorded {
    fn new(recording: Recording, folder: &Path) -> Self {
        let path = recording.erased_unix_ms.is_none().then(|| folder.join(&recording.file));
        Recorded { recording, path }
    }
}

pub(super) fn call(store: &Store, folder: &Path, id: &str, json: bool) -> Result<(), CliError> {
    let call = store.call(id).map_err(CliError::failed)?.ok_or_else(|| {
        CliError::Failed(format!("no call, or several, with an id beginning {id}: `callbox calls list` shows them"))
    })?;
    let found = Found {
        signalling: store.signalling(&call.id).map_err(CliError::failed)?,
        recording: store
            .recording(&call.id)
            .map_err(CliError::failed)?
            .map(|recording| Recorded::new(recording, folder)),
        turns: store.turns(&call.id).map_err(CliError::failed)?,
        bookings: store.bookings_of(&call.id).map_err(CliError::failed)?,
        messages: store.messages_of(&call.id).map_err(CliError::failed)?,
        call,
    };
    print(&if json { lines(&found)? } else { page(&found) })
}

fn lines(found: &Found) -> Result<String, CliError> {
    let mut call = CallLine::from(&found.call);
    call.signalling = found.signalling.as_ref();
    call.recording = found
        .recording
        .as_ref()
        .map(|recorded| RecordingLine { recording: &recorded.recording, path: recorded.path.as_deref() });
    let call = std::iter::once(Line::Call(call));
    let turns = found.turns.iter().map(|turn| Line::Turn { turn, end_to_audio_ms: end_to_audio_ms(&turn.stages) });
    let bookings = found.bookings.iter().map(|booking| Line::Booking(booking.into()));
    let messages = found.messages.iter().map(Line::Message);
    call.chain(turns).chain(bookings).chain(messages).map(|line| json_line(&line)).collect()
}

fn page(found: &Found) -> String {
    let mut text = head(&found.call);
    text.push_str(&found.signalling.as_ref().map(signalled).unwrap_or_default());
    text.push_str(&found.recording.as_ref().map(recorded).unwrap_or_default());
    for turn in &found.turns {
        text.push_str(&one_turn(turn));
    }
    if found.bookings.is_empty() && found.messages.is_empty() {
        text.push_str("\nNo booking or message came of it.\n");
    }
    for booking in &found.bookings {
        let phone = booking.phone.as_deref().map(|phone| format!(", {phone}")).unwrap_or_default();
        let (start, status) = (minute(&booking.span.start.to_string()), status(booking));
        text.push_str(&format!(
            "\nBooking {} ({status}): {} on {start} for {}{phone}\n",
            booking.id,
            booking.service,
            booking.name.as_str()
        ));
    }
    for message in &found.messages {
        let urgent = if message.urgent { " (URGENT)" } else { "" };
        let who = [message.name.as_deref(), message.phone.as_deref()];
        let who = who.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let from = if who.is_empty() { String::new() } else { format!(" from {who}") };
        text.push_str(&format!("\nMessage {}{urgent}{from}: {}\n", message.id, message.text.as_str()));
    }
    text
}

fn head(call: &Call) -> String {
    let ended = match (call.ended_unix_ms, call.outcome.as_deref()) {
        (Some(end), Some(outcome)) => format!("{}, {outcome}", length(end - call.started_unix_ms)),
        _ => "still running".into(),
    };
    let mut text = format!(
        "Call {}\n{}, from {} to {}, {}, {ended}\n",
        call.id,
        call.business,
        number(&call.caller_number),
        number(&call.called_number),
        call.started_local.replace('T', " ")
    );
    if let (Some(sent), Some(received), Some(lost)) = (call.packets_sent, call.packets_received, call.packets_lost) {
        text.push_str(&format!("{sent} packets sent, {received} received, {lost} lost on the way here\n"));
    }
    if let (Some(codec), Some(mos)) = (&call.codec, call.mos) {
        text.push_str(&format!("{codec}, the caller's voice came as MOS {mos:.1} ({})\n", opinion(mos)));
    }
    if let (Some(p99), Some(most)) = (call.send_gap_p99_ms, call.send_gap_most_ms) {
        let most = if most < 100.0 { format!("{most:.1} ms") } else { "100 ms or more".into() };
        text.push_str(&format!(
            "sent within {p99:.1} ms of the one before in 99 of 100 cases, within {most} at the latest\n"
        ));
    }
    text
}

/// The user satisfaction of ITU-T G.107, annex B, in a word.
fn opinion(mos: f64) -> &'static str {
    match mos {
        4.0.. => "good",
        3.6..4.0 => "fair",
        3.1..3.6 => "poor",
        _ => "bad",
    }
}

/// Where the recording is, and what it lacks.
fn recorded(Recorded { recording, path }: &Recorded) -> String {
    let mut text = match (path, recording.erased_unix_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())) {
        (Some(path), _) => format!("recording: {} ({})", path.display(), length(recording.length_ms)),
        (None, Some(at)) => format!("recording erased at {}", at.strftime("%Y-%m-%d %H:%M UTC")),
        (None, None) => "recording erased".into(),
    };
    if recording.missing_ms > 0 {
        text.push_str(&format!(", {} ms of it missing: the disk was slow", recording.missing_ms));
    }
    if recording.stopped.is_some() {
        text.push_str(", cut short: the disk was full");
    }
    text + "\n"
}

/// Who called by whose word, who sent the call on, and why it ended.
fn signalled(said: &Signalling) -> String {
    let mut text = String::new();
    if !said.caller_name.is_empty() || said.asserted {
        let asserted = if said.asserted { ", number vouched for by the line" } else { "" };
        text.push_str(&format!("caller's name: {}{asserted}\n", number(&said.caller_name)));
    }
    if let Some(from) = &said.diverted_from {
        let why = said.diverted_why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        text.push_str(&format!("sent on by {}{why}\n", number(from)));
    }
    if let Some(by) = &said.ended_by {
        let q850 = said.end_q850.map(|cause| format!("Q.850 cause {cause}, {}", q850(cause)));
        let sip = said.end_sip.map(|status| format!("SIP {status}"));
        let words = said.end_text.as_ref().map(|text| format!("\"{text}\""));
        let why: Vec<_> = [q850, sip, words].into_iter().flatten().collect();
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
        text.push_str(&format!("ended by the {by}{why}\n"));
    }
    text
}

/// What the causes of ITU-T Q.850 that a business meets mean.
fn q850(cause: u8) -> &'static str {
    match cause {
        1 => "no such number",
        16 => "hung up as usual",
        17 => "busy",
        18 => "nobody there",
        19 => "no answer",
        20 => "the subscriber can't be reached",
        21 => "declined",
        26 => "answered elsewhere",
        27 => "the line is out of order",
        28 => "not a complete number",
        31 => "no particular reason",
        34 => "no line free",
        38 => "the network is out of order",
        41 => "the network failed for a moment",
        42 => "the network is too busy",
        47 => "no resource free",
        58 | 65 | 79 | 88 => "no audio in common",
        102 => "a timer ran out",
        127 => "between two networks",
        _ => "as the line says",
    }
}

fn one_turn(turn: &Turn) -> String {
    let mut text = format!("\n{:>3}", turn.turn);
    if !turn.caller_text.is_empty() || !turn.keyed.is_empty() {
        let keyed = if turn.keyed.is_empty() { String::new() } else { format!(" [keys {}]", turn.keyed.as_str()) };
        let said = turn.caller_text.as_str();
        text.push_str(&format!("  caller: {said}{keyed}  (confidence {:.2})\n   ", turn.confidence));
    }
    let cut = if turn.interrupted { " -- cut off by the caller" } else { "" };
    text.push_str(&format!("  agent:  {}{cut}\n", turn.agent_text.as_str()));
    if !turn.decision.is_empty() {
        text.push_str(&format!("          decision {}\n", turn.decision.as_str()));
    }
    for tool in turn.tools.as_array().into_iter().flatten() {
        text.push_str(&format!("          tool {}\n", glance(&tool.to_string())));
    }
    if let Some(ms) = end_to_audio_ms(&turn.stages) {
        text.push_str(&format!("          end of speech to first audio: {ms} ms\n"));
    }
    text + &timeline(&turn.stages)
}

/// As much of a tool's call and answer as a person takes in; `--json` has all of it.
fn glance(tool: &str) -> String {
    match tool.char_indices().nth(GLANCE) {
        Some((end, _)) => format!("{} ..", tool.get(..end).unwrap_or(tool)),
        None => tool.to_owned(),
    }
}
