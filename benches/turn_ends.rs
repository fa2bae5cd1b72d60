//! What an ear for ends of turns wins: callers cut off, and silence before the answer.
//!
//! ```text
//! scripts/train/turn/run          # speaks the exam, has it transcribed, runs this
//! cargo bench --bench turn_ends -- .setup/train-turn/heard-0.json
//! ```
//! Every line of the exam (words recognised and what the ear said, as `callbox transcribe` gave them)
//! goes through the real conversation on virtual time, once with the ear and once without. A caller who
//! had not finished is cut off by an answer that comes before they go on.
#![allow(clippy::expect_used, missing_docs)]

mod listener;

use std::collections::BTreeMap;

use dialogue::conversation::{Config, Conversation};
use dialogue::io::{Input, Output};
use dialogue::{Expect, Heard};
use jiff::civil::date;
use listener::Listener;
use machine::{Machine, Now, settle};
use serde_json::Value;

const FRAME_MS: u64 = 20;
/// From asking for a transcript to having it.
const DECODE_MS: u64 = 60;
const LONGEST_MS: u64 = 3_000;
/// Pauses after which a caller goes on.
const PAUSES_MS: [u64; 4] = [300, 500, 700, 1_000];

struct Ended {
    kind: String,
    over: bool,
    heard: Heard,
    finished: Option<f32>,
    speech_ms: u64,
}

fn main() {
    let mut files = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
    assert!(files.peek().is_some(), "name a heard-N.json of scripts/train/turn/run");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let items: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        println!("{file}: {} turns", items.len());
        report(&items.iter().filter_map(ended).collect::<Vec<_>>());
    }
}

fn ended(item: &Value) -> Option<Ended> {
    let text = item["heard"].as_str().filter(|text| !text.is_empty())?;
    Some(Ended {
        kind: item["kind"].as_str()?.to_owned(),
        over: item["over"].as_bool()?,
        heard: Heard { text: text.to_owned(), confidence: 0.9, ..Heard::default() },
        finished: item["finished"].as_f64().map(|sure| sure as f32),
        // Pre-roll and the silence after are part of the recording.
        speech_ms: item["audio_ms"].as_u64()?.saturating_sub(400).max(200),
    })
}

fn report(items: &[Ended]) {
    let kinds: BTreeMap<(bool, &str), Vec<&Ended>> = items.iter().fold(BTreeMap::new(), |mut kinds, item| {
        kinds.entry((!item.over, item.kind.as_str())).or_insert_with(Vec::new).push(item);
        kinds.entry((!item.over, "~ all")).or_default().push(item);
        kinds
    });
    println!(
        "| | turns | silence before the answer, ms, mean / p90, without | with the ear | cut off %, pauses of {PAUSES_MS:?} ms, without | with |"
    );
    for ((unfinished, kind), items) in kinds {
        let waits = |ear: bool| -> Vec<u64> {
            let mut waits: Vec<u64> = items.iter().map(|item| silence_ms(item, ear)).collect();
            waits.sort_unstable();
            waits
        };
        let (without, with) = (waits(false), waits(true));
        let cells = if unfinished {
            format!("| | | {} | {} |", cut_off(&without), cut_off(&with))
        } else {
            format!("| {} | {} | | |", pace(&without), pace(&with))
        };
        println!("| {kind} | {} {cells}", items.len());
    }
}

fn pace(waits: &[u64]) -> String {
    format!("{} / {}", waits.iter().sum::<u64>() / waits.len() as u64, waits[waits.len() * 9 / 10])
}

fn cut_off(waits: &[u64]) -> String {
    let share = |pause: u64| 100 * waits.iter().filter(|wait| **wait < pause).count() / waits.len();
    PAUSES_MS.map(|pause| share(pause).to_string()).join(" / ")
}

fn expects(kind: &str) -> Expect {
    match kind {
        "name" | "spelling in progress" => Expect::Name,
        "short answer" => Expect::YesNo,
        "whole number" | "number in progress" => Expect::Digits(10),
        _ => Expect::Open,
    }
}

/// Silence from the caller's last sound to the agent's word.
fn silence_ms(item: &Ended, ear: bool) -> u64 {
    let listener = Listener::new(expects(&item.kind));
    let mut call = Conversation::new(listener, Config::default(), 7);
    let mut due: Vec<(u64, Input)> = vec![(0, Input::Connected { local: date(2026, 11, 23).at(10, 0, 0, 0) })];
    let (begins, ends) = (200, 200 + item.speech_ms.div_ceil(FRAME_MS) * FRAME_MS);
    for now in 0..ends + LONGEST_MS {
        let at = Now::from_millis(now);
        if now.is_multiple_of(FRAME_MS) {
            let speech = (begins..ends).contains(&now);
            due.push((now, Input::Frame { speech, level_db: if speech { -20.0 } else { -70.0 } }));
        }
        let (ready, later): (Vec<_>, Vec<_>) = due.drain(..).partition(|(due, _)| *due <= now);
        due = later;
        call.wake(at);
        ready.into_iter().for_each(|(_, input)| call.handle(at, input));
        let mut spoken = false;
        settle(&mut call, |output| match output {
            Output::Transcribe { utterance, request, is_final } => {
                let heard = if is_final { item.heard.clone() } else { Heard::default() };
                let finished = item.finished.filter(|_| ear && is_final);
                let decode_ms = DECODE_MS as u32;
                due.push((now + DECODE_MS, Input::Transcript { utterance, request, heard, decode_ms, finished }));
            }
            Output::Say { .. } => spoken = true,
            _ => {}
        });
        if spoken && now >= ends {
            return now - (ends - FRAME_MS);
        }
    }
    LONGEST_MS
}
