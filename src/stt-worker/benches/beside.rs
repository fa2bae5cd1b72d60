//! How fast an utterance of four seconds is recognised beside whisper.cpp itself, as the PyPI package
//! pywhispercpp builds it: the same model, audio and decoding, one thread each, in turns. And how long
//! after the end of speech its final comes when the audio arrives in real time, as the daemon sends it.
//!
//!     cargo bench -p stt-worker --bench beside -- MANIFEST [PYTHON]
//!
//! PYTHON is one that has pywhispercpp. Counted beside it is time on the processor: the worker lowers its
//! priority, so that others would count for it and not for the package. Needs espeak-ng.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

#[path = "../tests/speech/mod.rs"]
mod speech;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::rig::{Peer, Rig, median};
use engine::{Manifest, Session, Stt, SttWork, Ticket, TranscriptKind, Up};

const SENTENCE: &str = "i would like to book an appointment for tuesday afternoon at three o'clock";
/// What callers say rather: with a pause.
const CLAUSES: [&str; 2] =
    ["hello this is sarah miller i would like to change my appointment", "could you make it tuesday at three"];
const BREATH_MS: u64 = 400;
const ROUNDS: usize = 5;
/// As src/app/calls/ears.rs and the conversation ask: what was said so far now and then; a guess so long
/// after the last speech, the final when the utterance is probably over; a complete sentence is answered
/// after the last of these.
const PARTIAL_MS: u64 = 700;
const FRAME_MS: u64 = 20;
const GUESS_MS: u64 = 80;
const FINAL_MS: u64 = 120;
const OVER_MS: u64 = 220;
const CALL: Session = Session(1);

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let manifest = PathBuf::from(args.next().expect("the manifest of a recogniser"));
    let model = Manifest::load(&manifest).expect("a manifest").files.first().expect("a model").path.clone();
    let mut peer = args.next().map(|python| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer_whisper.py");
        let (peer, about) = Peer::python(&python, script, &model).expect("the peer starts");
        println!("pywhispercpp: {about}");
        peer
    });
    let program = Path::new(env!("CARGO_BIN_EXE_callbox-stt"));
    let (mut rig, about) =
        Rig::<Stt>::ready(program, &["--manifest", &manifest.to_string_lossy(), "--lanes", "1"]).expect("it starts");
    println!("{about}");

    let samples = said(SENTENCE);
    let wav = std::env::temp_dir().join(format!("callbox-beside-{}.wav", std::process::id()));
    write(&wav, &samples);
    beside(&mut rig, peer.as_mut(), &samples, &wav);
    let _ = std::fs::remove_file(&wav);
    real_time(&mut rig, "in one breath", &[samples]);
    real_time(&mut rig, "with a pause", &CLAUSES.map(said));
}

/// The sentence, from its first sound to its last.
fn said(sentence: &str) -> Vec<i16> {
    let samples = speech::say(sentence, "en-us+f3");
    let loud = |sample: &i16| sample.unsigned_abs() > 300;
    let (first, last) = (samples.iter().position(loud), samples.iter().rposition(loud));
    samples[first.expect("sound")..=last.expect("sound")].to_vec()
}

fn write(path: &Path, samples: &[i16]) {
    let (channels, sample_rate, bits_per_sample) = (1, speech::RATE as u32, 16);
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample, sample_format: hound::SampleFormat::Int };
    let mut wav = hound::WavWriter::create(path, spec).expect("a file");
    samples.iter().for_each(|sample| wav.write_sample(*sample).expect("a sample"));
    wav.finalize().expect("a wav");
}

/// What the worker and the package take for all of it.
fn beside(rig: &mut Rig<Stt>, mut peer: Option<&mut Peer>, samples: &[i16], wav: &Path) {
    // What whisper.rs gives whisper.cpp: the positions of the audio and 16 more, 8 tokens and 20 a second.
    let (positions, tokens) = (samples.len().div_ceil(320) + 16, 8 + samples.len() * 20 / speech::RATE);
    let (mut ours, mut fitted, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        rig.work(SttWork::Reset { session: CALL }).expect("the worker takes work");
        feed(rig, samples);
        let asked = rig.on_processor();
        ask(rig, 1, TranscriptKind::Final);
        answer(rig, 1);
        let mine = ms(rig.on_processor() - asked);
        let recognise = |peer: &mut Peer, positions| {
            let line = format!("{positions} {tokens} {}", wav.display());
            ms(peer.ask(&line).expect("the peer answers").1)
        };
        let theirs = peer.as_deref_mut().map(|peer| (recognise(peer, positions), recognise(peer, 0)));
        if round > 0 {
            ours.push(mine);
            fitted.extend(theirs.map(|(fitted, _)| fitted));
            whole.extend(theirs.map(|(_, whole)| whole));
        }
    }
    let mine = median(ours);
    println!("{:.1} s of speech: {mine:.0} ms", samples.len() as f64 / speech::RATE as f64);
    if peer.is_some() {
        let (fitted, whole) = (median(fitted), median(whole));
        println!(
            "whisper.cpp with the same audio_ctx {fitted:.0} ms: the worker is {:.2} times as fast; with its default {whole:.0} ms: {:.1} times",
            fitted / mine,
            whole / mine
        );
    }
}

/// As a caller meets it: audio in real time, asked for as the daemon does, and an answer that could begin
/// [`OVER_MS`] after the last sound. In turns with the same clauses asked for afresh in one, by the clock.
fn real_time(rig: &mut Rig<Stt>, how: &str, clauses: &[Vec<i16>]) {
    let (mut afresh, mut finals, mut delays, mut tickets) = (Vec::new(), Vec::new(), Vec::new(), 1..);
    let mut ask = |rig: &mut Rig<Stt>, kind| {
        let ticket = tickets.next().expect("there is no last one");
        ask(rig, ticket, kind);
        ticket
    };
    for round in 0..ROUNDS as u64 {
        rig.work(SttWork::Reset { session: CALL }).expect("the worker takes work");
        feed(rig, &clauses.concat());
        let asked = Instant::now();
        let last = ask(rig, TranscriptKind::Final);
        answer(rig, last);
        afresh.push(ms(asked.elapsed()));

        rig.work(SttWork::Reset { session: CALL }).expect("the worker takes work");
        let (mut now, mut last) = (Instant::now(), last);
        let mut later = |by| {
            now += Duration::from_millis(by);
            wait_until(now);
            now
        };
        let mut end = Instant::now();
        for (clause, samples) in clauses.iter().enumerate() {
            if clause > 0 {
                later(BREATH_MS - FINAL_MS);
                feed(rig, &vec![0; (BREATH_MS - GUESS_MS) as usize * 16]);
            }
            for (frame, part) in (1..).zip(samples.chunks(320)) {
                end = later(FRAME_MS);
                feed(rig, part);
                // What was asked last is at another stage in each round when speech ends.
                if (frame * FRAME_MS + round * PARTIAL_MS / ROUNDS as u64) % PARTIAL_MS < FRAME_MS {
                    ask(rig, TranscriptKind::Partial);
                }
            }
            later(GUESS_MS);
            feed(rig, &vec![0; GUESS_MS as usize * 16]);
            ask(rig, TranscriptKind::Ahead);
            later(FINAL_MS - GUESS_MS);
            last = ask(rig, TranscriptKind::Final);
        }
        answer(rig, last);
        let after = ms(end.elapsed());
        finals.push(after);
        delays.push((after - OVER_MS as f64).max(0.0));
    }
    let (afresh, after, delay) = (median(afresh), median(finals), median(delays));
    println!(
        "{how}, by the clock: afresh {afresh:.0} ms; in real time the final comes {after:.0} ms after the end of speech,"
    );
    println!("which delays an answer {OVER_MS} ms after it by {delay:.0} ms ({:.2} of afresh)", delay / afresh);
}

fn wait_until(then: Instant) {
    std::thread::sleep(then.saturating_duration_since(Instant::now()));
}

fn feed(rig: &mut Rig<Stt>, samples: &[i16]) {
    rig.work(SttWork::Feed { session: CALL, samples: samples.to_vec() }).expect("the worker takes work");
}

fn ask(rig: &mut Rig<Stt>, ticket: u64, kind: TranscriptKind) {
    let due_ms = 10_000;
    let work = SttWork::Transcribe { session: CALL, ticket: Ticket(ticket), kind, language: None, due_ms };
    rig.work(work).expect("the worker takes work");
}

fn answer(rig: &mut Rig<Stt>, ticket: u64) {
    loop {
        match rig.receive().expect("the worker answers") {
            Up::Event(transcript) if transcript.ticket == Ticket(ticket) => return,
            Up::Event(_) => {}
            other => panic!("no transcript: {other:?}"),
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
