//! A scripted caller: `callbox call`, as its own process.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::lines::Lines;
use super::{Reaped, SOON, START, Site};

/// A call lasts at most this long, whatever happens.
const LONGEST: Duration = Duration::from_secs(150);

/// A caller on the line.
pub struct Caller {
    process: Reaped,
    events: Lines,
    errors: Lines,
}

/// What a call was.
pub struct Call {
    /// Every event, in order.
    pub events: Vec<Value>,
    /// The caller's exit code.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub errors: String,
}

impl Site {
    /// A caller who dials now.
    pub fn dial(&self, uri: &str, script: &str, more: &[&str]) -> Caller {
        let name = format!("script-{:x}.txt", fastrand::u64(..));
        let script: PathBuf = self.script(&name, script);
        let models = concat!("engines.models=", env!("CARGO_MANIFEST_DIR"), "/models");
        let mut command = self.callbox("call");
        command.arg(uri).arg("--script").arg(script).args(["--json", "--set", models]).args(more);
        let child = command.current_dir(&self.folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut process = Reaped(child.expect("a process"));
        let events = Lines::of(process.0.stdout.take().expect("a pipe"));
        let errors = Lines::of(process.0.stderr.take().expect("a pipe"));
        Caller { process, events, errors }
    }
}

impl Caller {
    /// Waits for an event: its name, and the turn where it has one.
    pub fn wait(&self, name: &str, turn: Option<u64>) -> Value {
        let event = self.events.wait(START, |line| is(line, name, turn));
        event.unwrap_or_else(|| {
            panic!("no {name} {turn:?} came:\n{}\n{}", self.events.all().join("\n"), self.errors.all().join("\n"))
        })
    }

    /// The same event, if it has come.
    pub fn told(&self, name: &str, turn: Option<u64>) -> Option<Value> {
        self.events.all().iter().find_map(|line| is(line, name, turn))
    }

    /// Waits for the end of the call.
    pub fn finish(mut self) -> Call {
        let status = self.process.end(LONGEST);
        assert!(self.events.closed(SOON) && self.errors.closed(SOON), "its pipes close with it");
        let events = self.events.all().iter().map(|line| serde_json::from_str(line).expect("an event")).collect();
        Call { events, code: status.code(), errors: self.errors.all().join("\n") }
    }
}

fn is(line: &str, name: &str, turn: Option<u64>) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    let of_turn = turn.is_none() || event["turn"].as_u64() == turn;
    (event["event"] == name && of_turn).then_some(event)
}

impl Call {
    /// All events of this name.
    pub fn of(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(move |event| event["event"] == name)
    }

    /// The summary.
    pub fn summary(&self) -> &Value {
        self.of("summary").next().unwrap_or_else(|| panic!("no summary:\n{}\n{}", self.told(), self.errors))
    }

    /// For each turn, the milliseconds to the agent's answer: 0 where it spoke already when the
    /// caller ended, none where there was none.
    pub fn answers_ms(&self) -> Vec<Option<f64>> {
        let answer = |turn: &Value| match turn["answer"].as_str() {
            Some("heard") => turn["end_to_audio_ms"].as_f64(),
            Some("cut_in") => Some(0.0),
            _ => None,
        };
        self.of("turn").map(answer).collect()
    }

    /// The script ran to its end and every turn was answered within so long.
    pub fn assert_answered(&self, turns: usize, within: Duration) {
        assert_eq!(self.code, Some(0), "{}\n{}", self.told(), self.errors);
        let answers = self.answers_ms();
        let limit_ms = within.as_secs_f64() * 1_000.0;
        let all = answers.len() == turns && answers.iter().all(|ms| ms.is_some_and(|ms| ms <= limit_ms));
        assert!(all, "each of {turns} turns must be answered within {limit_ms} ms: {answers:?}\n{}", self.told());
    }

    /// The events as text.
    pub fn told(&self) -> String {
        self.events.iter().map(|event| format!("{event}\n")).collect()
    }
}
