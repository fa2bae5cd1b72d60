//! Scripted calls over real SIP and RTP, judged by what they left in the database.
//!
//! ```text
//! cargo bench --bench scripted_calls -- known            # wording the starter models know
//! cargo bench --bench scripted_calls -- free             # wording they do not
//! cargo bench --bench scripted_calls -- DIR --at-once 4 --voices espeak-en-gb+f4,flite:slt --keep /tmp/x
//! ```
//! Each script gets a box of its own with a fresh database. A script's comments say which
//! business answers, what is booked already and what must come of the call:
//! `#business NAME`, `#given booking name=.. service=.. day=.. time=..`,
//! `#expect book|move|cancel|message|urgent|info|none key=value ..`.
//!
//! The programs of `cargo build --release --workspace` must be there; `CALLBOX_BIN_DIR` names
//! another folder.
#![allow(clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use callbox::config::load_business;
use callbox::tools::Tools;
use dialogue::{ToolCall, ToolResult};
use jiff::civil::{DateTime, Time};
use serde_json::Value;
use store::Store;

/// Voices that none of the starter models was trained on.
const VOICES: [&str; 6] = [
    "espeak-en-gb+f3",
    "espeak-en-us+m3",
    "espeak-en-gb-scotland+m8",
    "espeak-en-us+Andrea",
    "espeak-en-gb-x-rp+john",
    "espeak-en-029+f3",
];
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

struct Options {
    folder: PathBuf,
    at_once: usize,
    voices: Vec<String>,
    keep: PathBuf,
}

fn main() -> ExitCode {
    let options = options();
    let mut scripts: Vec<PathBuf> = fs::read_dir(&options.folder)
        .unwrap_or_else(|error| panic!("{}: {error}", options.folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.at_once {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(script) = scripts.get(index) else { return };
                    let voice = &options.voices[index % options.voices.len()];
                    let result = Trial::run(script, voice, &options.keep);
                    println!("{result}");
                    results.lock().expect("no panic").insert(index, result);
                }
            });
        }
    });
    summary(&results.into_inner().expect("no panic").into_values().collect::<Vec<_>>())
}

fn options() -> Options {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        folder: root.join("benches/calls/known"),
        at_once: 4,
        voices: VOICES.map(str::to_owned).to_vec(),
        keep: std::env::temp_dir().join(format!("callbox-scripted-{}", std::process::id())),
    };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let mut value = || args.next().unwrap_or_else(|| panic!("{arg} needs a value"));
        match arg.as_str() {
            "--at-once" => options.at_once = value().parse().expect("a number"),
            "--voices" => options.voices = value().split(',').map(str::to_owned).collect(),
            "--keep" => options.keep = value().into(),
            "known" | "free" => options.folder = root.join("benches/calls").join(&arg),
            folder => options.folder = folder.into(),
        }
    }
    options
}

/// What came of one script.
struct Outcome {
    script: String,
    voice: String,
    right: bool,
    /// Something was booked, moved or cancelled that should not have been.
    wrong_effect: bool,
    /// A turn of the caller got no answer.
    unanswered: bool,
    latencies_ms: Vec<f64>,
    says: String,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match (self.right, self.wrong_effect) {
            (true, _) => "right ",
            (false, true) => "WRONG ",
            (false, false) => "missed",
        };
        let silence = if self.unanswered { " UNANSWERED" } else { "" };
        write!(f, "{verdict} {:<28} {:<26} {}{silence}", self.script, self.voice, self.says)
    }
}

fn summary(outcomes: &[Outcome]) -> ExitCode {
    let count = |test: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| test(outcome)).count();
    let mut latencies: Vec<f64> = outcomes.iter().flat_map(|outcome| outcome.latencies_ms.iter().copied()).collect();
    latencies.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let last = latencies.len().saturating_sub(1);
        latencies.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    };
    println!(
        "\n{} calls: {} right ({:.0} %), {} with a wrong effect, {} with an unanswered turn; {} answers, \
         voice to voice p50 {:.0} ms, p95 {:.0} ms",
        outcomes.len(),
        count(|outcome| outcome.right),
        100.0 * count(|outcome| outcome.right) as f64 / outcomes.len().max(1) as f64,
        count(|outcome| outcome.wrong_effect),
        count(|outcome| outcome.unanswered),
        latencies.len(),
        quantile(0.5),
        quantile(0.95),
    );
    if count(|outcome| outcome.wrong_effect || outcome.unanswered) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One script on a box of its own.
struct Trial<'a> {
    script: &'a Path,
    voice: &'a str,
    folder: PathBuf,
    business: String,
    given: Vec<Facts>,
    asked: Vec<Facts>,
    expected: (String, Facts),
}

/// `key=value` pairs.
type Facts = BTreeMap<String, String>;

impl<'a> Trial<'a> {
    fn run(script: &'a Path, voice: &'a str, keep: &Path) -> Outcome {
        let name = script.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(script).expect("a readable script");
        let tagged =
            |tag: &str| text.lines().filter_map(|line| line.strip_prefix(tag)).map(str::trim).collect::<Vec<_>>();
        // Information may be asked for beside the one thing that is to be done.
        let (asked, wanted): (Vec<_>, Vec<_>) =
            tagged("#expect").into_iter().map(facts).partition(|(what, _)| what == "info");
        let asked: Vec<Facts> = asked.into_iter().map(|(_, facts)| facts).collect();
        let trial = Trial {
            script,
            voice,
            folder: keep.join(&name),
            business: tagged("#business").first().map_or("salon", |name| name).to_owned(),
            given: tagged("#given").into_iter().map(|line| facts(line).1).collect(),
            asked,
            expected: wanted.into_iter().next().unwrap_or_else(|| ("none".into(), Facts::new())),
        };
        let _ = fs::remove_dir_all(&trial.folder);
        fs::create_dir_all(keep).expect("a folder to keep things in");
        let init = program().arg("init").arg(&trial.folder).args(["--business", &trial.business]).output();
        assert!(init.expect("callbox init").status.success(), "callbox init failed for {name}");
        trial.prepare();
        let events = trial.call();
        trial.judge(name, &events)
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.join("callbox.db")).expect("the database")
    }

    /// Books what the script says is booked already.
    fn prepare(&self) {
        let loaded = load_business(&self.folder.join("business")).expect("a ready business");
        let tools = Tools::new(self.store(), &loaded).expect("tools");
        let now = jiff::Timestamp::now();
        let local = now.to_zoned(loaded.timezone.clone()).datetime();
        for (index, given) in self.given.iter().enumerate() {
            let start = next(local, &given["day"], &given["time"]);
            let call = format!("given-{index}");
            let run = |key: &str, tool: ToolCall| tools.run(&call, key, local, now.as_millisecond(), &tool);
            let held = run("hold", ToolCall::Hold { service: given["service"].clone(), start });
            let ToolResult::Held { hold } = held else {
                panic!("{}: can't hold {start}: {held:?}", self.script.display())
            };
            let phone = given.get("phone").cloned();
            run("book", ToolCall::Book { hold, name: given["name"].clone(), phone, notes: String::new() });
        }
    }

    /// The events of the call, as the caller saw them.
    fn call(&self) -> Vec<Value> {
        let (mut running, uri) = start(&self.folder);
        let output = program()
            .args(["call", &uri, "--json", "--voice", self.voice, "--script"])
            .arg(self.script)
            .arg("--record")
            .arg(self.folder.join("call.wav"))
            .output()
            .expect("callbox call");
        terminate(&mut running);
        fs::write(self.folder.join("events.jsonl"), &output.stdout).expect("the events");
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn judge(&self, script: String, events: &[Value]) -> Outcome {
        let store = self.store();
        let from = DateTime::new(2000, 1, 1, 0, 0, 0, 0).expect("a date");
        let bookings = store.bookings(from, 100).expect("bookings");
        let (given, made): (Vec<_>, Vec<_>) = bookings.iter().partition(|booking| booking.call.starts_with("given"));
        let messages = store.messages(100).expect("messages");
        let record = store.calls(1).expect("calls");
        let turns = record.first().map(|call| store.turns(&call.id).expect("turns")).unwrap_or_default();
        let said: String = turns.iter().map(|turn| turn.agent_text.as_str().to_lowercase() + " | ").collect();
        let heard: String = turns.iter().skip(1).map(|turn| format!("{} / ", turn.caller_text.as_str())).collect();

        let (what, wanted) = &self.expected;
        let kept = given.iter().all(|booking| !booking.cancelled && !self.was_moved(booking));
        let matching = |booking: &store::Booking| {
            wanted.iter().all(|(key, value)| match key.as_str() {
                "service" => booking.service == *value || value == "any",
                "name" => value == "any" || booking.name.as_str().eq_ignore_ascii_case(value),
                "day" => value == "any" || DAYS[booking.span.start.weekday().to_monday_zero_offset() as usize] == value,
                "time" => value == "any" || clock(booking.span.start) == *value,
                "phone" => booking.phone.as_ref().is_some_and(|phone| digits(phone.as_str()).ends_with(value)),
                _ => true,
            })
        };
        let nothing_made = made.is_empty();
        let (right, wrong_effect) = match what.as_str() {
            "book" => (made.len() == 1 && matching(made[0]) && kept, made.iter().any(|b| !matching(b)) || !kept),
            "cancel" => {
                let gone = given.iter().filter(|booking| booking.cancelled).count();
                (
                    gone == 1 && given.iter().any(|b| b.cancelled && matching(b)) && nothing_made,
                    !nothing_made || gone > 1,
                )
            }
            "move" => {
                let moved: Vec<_> =
                    given.iter().filter(|booking| self.was_moved(booking) && !booking.cancelled).collect();
                let cancelled = given.iter().any(|booking| booking.cancelled);
                (
                    moved.iter().any(|b| matching(b)) && !cancelled && nothing_made,
                    moved.iter().any(|b| !matching(b)) || cancelled || !nothing_made,
                )
            }
            "message" => {
                (messages.iter().any(|message| !message.urgent) && nothing_made && kept, !nothing_made || !kept)
            }
            "urgent" => (messages.iter().any(|message| message.urgent) && nothing_made && kept, !nothing_made || !kept),
            "none" => (nothing_made && kept, !nothing_made || !kept),
            other => panic!("{}: nobody knows how to expect \"{other}\"", self.script.display()),
        };
        let right = right && self.asked.iter().all(|asked| informs(asked, &said));
        let latencies_ms = events.iter().filter_map(|event| event.get("end_to_audio_ms")?.as_f64()).collect();
        let unanswered = events.iter().any(|event| event["event"] == "unanswered");
        let came: Vec<String> = made
            .iter()
            .map(|b| format!("{} {} for {}", b.service, b.span.start, b.name.as_str()))
            .chain(messages.iter().map(|m| format!("message{}", if m.urgent { " (urgent)" } else { "" })))
            .collect();
        let says = format!("[{}] heard: {heard}", came.join(", "));
        Outcome { script, voice: self.voice.to_owned(), right, wrong_effect, unanswered, latencies_ms, says }
    }

    /// A booking that was given is no longer where it was put.
    fn was_moved(&self, booking: &store::Booking) -> bool {
        let index: usize = booking.call.trim_start_matches("given-").parse().unwrap_or_default();
        self.given.get(index).is_some_and(|given| {
            let day = DAYS[booking.span.start.weekday().to_monday_zero_offset() as usize];
            day != given["day"] || clock(booking.span.start) != given["time"]
        })
    }
}

/// Whether the answer that was asked for was given.
fn informs(wanted: &Facts, said: &str) -> bool {
    let answers: &[&str] = match wanted.get("topic").map(String::as_str) {
        Some("hours") => &["open", "closed"],
        Some("price") => &["dollar", "euro", "pound", "cost"],
        Some("address") => &["street", "road", "avenue", "we are at"],
        _ => {
            let text = wanted.get("says").map(|says| says.to_lowercase());
            return text.is_none_or(|text| said.contains(&text)) && said.matches(" | ").count() > 1;
        }
    };
    // The greeting does not count.
    let answer = said.split_once(" | ").map_or("", |(_, rest)| rest);
    answers.iter().any(|word| answer.contains(word))
}

/// The first word, and the `key=value` pairs behind it; a second bare word is the topic.
fn facts(line: &str) -> (String, Facts) {
    let mut words = Vec::new();
    let mut quoted = false;
    let mut word = String::new();
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            letter => word.push(letter),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    let mut words = words.into_iter();
    let what = words.next().unwrap_or_default();
    let pair = |word: String| match word.split_once('=') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => ("topic".to_owned(), word),
    };
    (what, words.map(pair).collect())
}

/// The next such day, never today.
fn next(local: DateTime, day: &str, time: &str) -> DateTime {
    let time: Time = format!("{time}:00").parse().expect("a time like 09:30");
    let days = (1..=7).map(|days| local.date().saturating_add(jiff::Span::new().days(days)));
    let date = days
        .into_iter()
        .find(|date| DAYS[date.weekday().to_monday_zero_offset() as usize] == day)
        .unwrap_or_else(|| panic!("\"{day}\" is no day"));
    date.to_datetime(time)
}

fn clock(at: DateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn program() -> Command {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release");
    let folder = std::env::var_os("CALLBOX_BIN_DIR").map_or_else(beside, PathBuf::from);
    let mut command = Command::new(folder.join("callbox"));
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    command.env("CALLBOX_ENGINES__MODELS", models).stdin(Stdio::null());
    command
}

/// A running box and its address.
fn start(folder: &Path) -> (Child, String) {
    let log = File::create(folder.join("run.log")).expect("a log");
    let ports = 20_000
        + 40 * (u32::from(
            folder
                .to_string_lossy()
                .bytes()
                .fold(7_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte))),
        ) % 1000);
    let mut running = program()
        .args(["run", "--set", "sip.bind=127.0.0.1", "--set", "sip.port=0", "--config"])
        .arg(folder.join("callbox.toml"))
        .args(["--set", &format!("rtp.first_port={ports}"), "--set", &format!("rtp.last_port={}", ports + 39)])
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("callbox run");
    let mut line = String::new();
    let out = running.stdout.take().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("its output");
    let uri = line.trim().strip_prefix("ready ").map(str::to_owned);
    let Some(uri) = uri else {
        let log = fs::read_to_string(folder.join("run.log")).unwrap_or_default();
        panic!("the box did not get ready: {log}")
    };
    (running, uri)
}

fn terminate(running: &mut Child) {
    let _ = Command::new("kill").args(["-TERM", &running.id().to_string()]).status();
    let _ = running.wait();
}
