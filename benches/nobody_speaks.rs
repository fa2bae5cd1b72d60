//! An hour of silence, noise and music on the line: how many words are heard in it?
//!
//! ```text
//! scripts/train/stt/hour.py .setup/hour        # an hour, one minute a file
//! cargo bench --bench nobody_speaks -- .setup/hour [MANIFEST]
//! ```
//! Once as a call hears it: 20 ms frames through the voice activity detector and the conversation, which
//! decides what the recogniser gets to see, on virtual time. Once without: all of it in pieces of 6 s.
//! `callbox-stt` of `cargo build --release --workspace` must be there; `CALLBOX_BIN_DIR` names another
//! folder.
#![allow(clippy::expect_used, missing_docs)]

mod listener;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use audio::{Resampler, Vad, VadSettings};
use dialogue::conversation::{Config, Conversation};
use dialogue::io::{Input, Output};
use dialogue::{Expect, Heard};
use engine::rig::Rig;
use engine::{Session, Stt, SttWork, Ticket, Transcript, TranscriptKind, Up};
use jiff::civil::date;
use listener::Listener;
use machine::{Machine, Now, settle};

const RATE: usize = 16_000;
/// At 8 kHz.
const FRAME: usize = 160;
const PIECE_S: usize = 6;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let folder = arguments.first().expect("name a folder of scripts/train/stt/hour.py");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = arguments.get(1).map_or(root.join("models/starter/starter-stt.toml"), PathBuf::from);
    let workers = std::env::var_os("CALLBOX_BIN_DIR").map_or(root.join("target/release"), PathBuf::from);
    let manifest = manifest.to_string_lossy();
    let (rig, about) = Rig::ready(&workers.join("callbox-stt"), &["--manifest", &manifest]).expect("the worker starts");
    println!("{about}");
    let mut ear = Ear { rig, tickets: 0 };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wav"))
        .collect();
    found.sort();
    let mut sums: BTreeMap<String, [f64; 5]> = BTreeMap::new();
    for path in found {
        let wav = audio::wav::read(BufReader::new(File::open(&path).expect("a readable file"))).expect("a wav file");
        let rate_hz = wav.rate_hz;
        let line = audio::resample(&wav.mono(), rate_hz, 8_000).expect("a usual rate");
        let (asked, in_call) = as_a_call(&mut ear, &line, &path);
        let without = in_pieces(&mut ear, &line, &path);
        let kind = path.file_stem().expect("a name").to_string_lossy();
        let kind = kind.rsplit_once('-').map_or(&*kind, |(kind, _)| kind).to_owned();
        for name in [kind, "~ all".to_owned()] {
            let row = [line.len() as f64 / 8_000.0, asked as f64, in_call as f64, without.0 as f64, without.1 as f64];
            sums.entry(name).or_default().iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
    println!(
        "| | minutes | transcripts a call asked for | words heard in calls | pieces without a detector | words heard in them |"
    );
    for (kind, [seconds, asked, in_call, pieces, words]) in sums {
        println!("| {kind} | {:.1} | {asked} | {in_call} | {pieces} | {words} |", seconds / 60.0);
    }
}

struct Ear {
    rig: Rig<Stt>,
    tickets: u64,
}

impl Ear {
    fn hear(&mut self, samples: &[i16], kind: TranscriptKind) -> Transcript {
        let session = Session(1);
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let transcribe = SttWork::Transcribe { session, ticket, kind, language: None, due_ms: 0 };
        for work in [SttWork::Reset { session }, SttWork::Feed { session, samples: samples.to_vec() }, transcribe] {
            self.rig.work(work).expect("the worker takes work");
        }
        match self.rig.receive().expect("the worker answers") {
            Up::Event(transcript) => transcript,
            other => panic!("no transcript: {other:?}"),
        }
    }
}

/// Transcripts asked for, and words in those that the conversation took for words.
fn as_a_call(ear: &mut Ear, line: &[i16], path: &Path) -> (usize, usize) {
    let mut config = Config { max_call_ms: 7_200_000, ..Config::default() };
    config.silence.after_ms = 7_200_000; // nobody asks whether somebody is there, and nobody hangs up
    let sure = config.hearing.min_confidence;
    let mut call = Conversation::new(Listener::new(Expect::Open), config, 7);
    let (mut vad, mut up) = (Vad::new(VadSettings::default()), Resampler::doubling());
    let mut recent: Vec<i16> = Vec::new();
    let (mut begins, mut asked, mut words) = (0, 0, 0);
    let mut inputs = vec![Input::Connected { local: date(2026, 11, 23).at(10, 0, 0, 0) }];
    for (number, frame) in line.as_chunks::<FRAME>().0.iter().enumerate() {
        let now = Now::from_millis(number as u64 * 20);
        up.process(frame, &mut recent);
        let heard = vad.frame(frame);
        inputs.push(Input::Frame { speech: heard.speech, level_db: heard.level_db });
        call.wake(now);
        // What is answered at once is handled with the next frame.
        std::mem::take(&mut inputs).into_iter().for_each(|input| call.handle(now, input));
        settle(&mut call, |output| match output {
            Output::Listen { preroll_ms, .. } => {
                begins = recent.len().saturating_sub(preroll_ms as usize * RATE / 1_000);
            }
            Output::Transcribe { utterance, request, is_final } => {
                let kind = if is_final { TranscriptKind::Final } else { TranscriptKind::Partial };
                let end = recent.len().min(begins + 30 * RATE);
                let Transcript { text, confidence, words: of_words, decode_ms, .. } =
                    ear.hear(&recent[begins..end], kind);
                asked += 1;
                if !text.is_empty() && confidence >= sure {
                    words += text.split_whitespace().count();
                    println!("  {} at {:.1} s: {text:?} ({confidence:.2})", path.display(), number as f64 / 50.0);
                }
                let heard = Heard { text, confidence, words: of_words, keyed: String::new() };
                inputs.push(Input::Transcript { utterance, request, heard, decode_ms, finished: None });
            }
            // Nobody plays it, and nobody waits for it.
            Output::Say { speech, .. } => inputs.push(Input::SpeechDone(speech)),
            _ => {}
        });
    }
    (asked, words)
}

/// Pieces, and words heard in them.
fn in_pieces(ear: &mut Ear, line: &[i16], path: &Path) -> (usize, usize) {
    let wide = audio::resample(line, 8_000, RATE as u32).expect("a usual rate");
    let mut words = 0;
    let pieces = wide.chunks(PIECE_S * RATE);
    let count = pieces.len();
    for (number, piece) in pieces.enumerate() {
        let Transcript { text, confidence, .. } = ear.hear(piece, TranscriptKind::Final);
        if !text.is_empty() {
            words += text.split_whitespace().count();
            println!("  {} at {} s, no detector: {text:?} ({confidence:.2})", path.display(), number * PIECE_S);
        }
    }
    (count, words)
}
