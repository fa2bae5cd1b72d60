//! How long transcripts take, how many words of known wording are right, and how sure the model
//! is where nobody speaks. `cargo bench -p stt-worker [-- MANIFEST]`; needs espeak-ng. With
//! `ORT_DYLIB_PATH` set the end-of-turn network listens too, and its time is part of the others'.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

#[path = "../tests/speech/mod.rs"]
mod speech;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::rig::Rig;
use engine::{Session, Stt, SttWork, Ticket, Transcript, TranscriptKind, Up};

const SENTENCES: &str = include_str!("../tests/data/known-wording.txt");
const SHORT: &str = include_str!("../tests/data/short-answers.txt");

fn main() {
    let named = std::env::args().nth(1).filter(|arg| !arg.starts_with("--"));
    let manifest = named.map(PathBuf::from).unwrap_or_else(starter);
    let program = Path::new(env!("CARGO_BIN_EXE_callbox-stt"));
    let turn = manifest.with_file_name("starter-turn.toml");
    let (manifest, turn) = (manifest.to_string_lossy(), turn.to_string_lossy());
    let mut args = vec!["--manifest", &*manifest];
    if std::env::var_os("ORT_DYLIB_PATH").is_some() {
        args.extend(["--turn", &*turn]);
    }
    let (mut rig, about) = Rig::ready(program, &args).expect("the worker starts");
    println!("{about}");
    three_seconds(&mut rig);
    for voice in ["en-us+f3", "en-gb+m3"] {
        wordings(&mut rig, voice, "sentences", SENTENCES);
        wordings(&mut rig, voice, "short answers", SHORT);
    }
    nobody(&mut rig);
    at_once(&mut rig, 10);
}

fn starter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter/starter-stt.toml")
}

fn ask(rig: &mut Rig<Stt>, call: u64, samples: &[i16]) {
    let session = Session(call);
    rig.work(SttWork::Reset { session }).expect("the worker takes work");
    rig.work(SttWork::Feed { session, samples: samples.to_vec() }).expect("the worker takes work");
    let kind = TranscriptKind::Final;
    let work = SttWork::Transcribe { session, ticket: Ticket(call), kind, language: None, due_ms: 0 };
    rig.work(work).expect("the worker takes work");
}

fn answer(rig: &mut Rig<Stt>) -> Transcript {
    match rig.receive().expect("the worker answers") {
        Up::Event(transcript) => transcript,
        other => panic!("no transcript: {other:?}"),
    }
}

/// The bar: 3 s of speech in 100 ms of one core.
fn three_seconds(rig: &mut Rig<Stt>) {
    let said = "i would like to book an appointment for next tuesday at three o'clock please";
    let mut samples = speech::say(said, "en-us+f3");
    samples.resize(3 * 16_000, 0);
    let mut times: Vec<u32> = (0..40)
        .map(|_| {
            ask(rig, 1, &samples);
            answer(rig).decode_ms
        })
        .collect();
    times.sort_unstable();
    println!("3 s of speech, 40 times: p50 {} ms, p95 {} ms, worst {} ms", times[20], times[38], times[39]);
}

fn wordings(rig: &mut Rig<Stt>, voice: &str, what: &str, texts: &str) {
    let (mut wrong, mut words, mut dropped, mut times, mut sure) = (0, 0, 0, Vec::new(), Vec::new());
    for right in texts.lines() {
        let samples = speech::say(right, voice);
        let asked = Instant::now();
        ask(rig, 1, &samples);
        let heard = answer(rig);
        times.push((asked.elapsed(), heard.audio_ms));
        let (errors, count) = speech::word_errors(right, &heard.text);
        wrong += errors;
        words += count;
        dropped += usize::from(heard.text.is_empty());
        sure.push(heard.confidence);
        if errors > 0 {
            println!("  {right} -> {} ({:.2})", heard.text, heard.confidence);
        }
    }
    sure.sort_by(f32::total_cmp);
    let audio: u32 = times.iter().map(|(_, ms)| ms).sum::<u32>() / times.len() as u32;
    let mut times: Vec<Duration> = times.into_iter().map(|(time, _)| time).collect();
    times.sort_unstable();
    println!(
        "{voice}, {what}: {wrong} of {words} words wrong ({:.3}), {dropped} of {} dropped; {audio} ms of audio on average, decoded in p50 {:.0} p95 {:.0} ms; least sure {:.2}",
        wrong as f32 / words as f32,
        times.len(),
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[times.len() * 95 / 100].as_secs_f64() * 1e3,
        sure[0],
    );
}

fn nobody(rig: &mut Rig<Stt>) {
    let mut invented = 0;
    let mut count = 0;
    for seed in 0..10 {
        for (name, samples) in [
            ("faint noise", speech::noise(1.5, 0.003, seed)),
            ("noise", speech::noise(2.0, 0.03, seed)),
            ("loud noise", speech::noise(3.0, 0.2, seed)),
            ("rumble", speech::rumble(2.5, seed)),
            ("tone", speech::tone(1.0, 300.0 + 60.0 * seed as f32, 0.2)),
            ("click", speech::noise(0.1, 0.2, seed)),
        ] {
            ask(rig, 1, &samples);
            let heard = answer(rig);
            count += 1;
            if !heard.text.is_empty() {
                invented += 1;
                println!("  {name}: {:?} ({:.2})", heard.text, heard.confidence);
            }
        }
    }
    println!("nobody speaks: {invented} of {count} sounds gave text");
}

fn at_once(rig: &mut Rig<Stt>, calls: u64) {
    let samples = speech::say("i would like to book an appointment for tuesday at three o'clock", "en-us+f3");
    let asked = Instant::now();
    (0..calls).for_each(|call| ask(rig, call, &samples));
    let times: Vec<f64> = (0..calls)
        .map(|_| {
            answer(rig);
            asked.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    println!(
        "{calls} finals at once of {} ms each: first after {:.0} ms, last after {:.0} ms",
        samples.len() / 16,
        times[0],
        times[times.len() - 1]
    );
}
