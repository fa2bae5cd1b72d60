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

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use engine::rig::{Rig, on_processor};
use engine::{Manifest, Session, Stt, SttWork, Ticket, TranscriptKind, Up};

const SENTENCE: &str = "i would like to book an appointment for tuesday afternoon at three o'clock";
const ROUNDS: usize = 5;
/// As src/app/calls/ears.rs and the conversation ask: a guess so long after the last speech, the final
/// when the utterance is probably over; a complete sentence is answered after the last of these.
const GUESS_MS: u64 = 80;
const FINAL_MS: u64 = 120;
const OVER_MS: u64 = 220;
const CALL: Session = Session(1);

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let manifest = PathBuf::from(args.next().expect("the manifest of a recogniser"));
    let model = Manifest::load(&manifest).expect("a manifest").files.first().expect("a model").path.clone();
    let mut peer = args.next().map(|python| Peer::start(&python, &model));
    let program = Path::new(env!("CARGO_BIN_EXE_callbox-stt"));
    let (mut rig, about) =
        Rig::<Stt>::ready(program, &["--manifest", &manifest.to_string_lossy(), "--lanes", "1"]).expect("it starts");
    println!("{about}");

    let samples = said();
    let wav = std::env::temp_dir().join(format!("callbox-beside-{}.wav", std::process::id()));
    write(&wav, &samples);
    let afresh = beside(&mut rig, peer.as_mut(), &samples, &wav);
    let _ = std::fs::remove_file(&wav);
    real_time(&mut rig, &samples, afresh);
}

/// The sentence, from its first sound to its last.
fn said() -> Vec<i16> {
    let samples = speech::say(SENTENCE, "en-us+f3");
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

/// Milliseconds that the worker takes for all of it.
fn beside(rig: &mut Rig<Stt>, mut peer: Option<&mut Peer>, samples: &[i16], wav: &Path) -> f64 {
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
        let theirs =
            peer.as_deref_mut().map(|peer| (peer.recognise(positions, tokens, wav), peer.recognise(0, tokens, wav)));
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
    mine
}

/// Feeds in real time, and asks as the daemon does.
fn real_time(rig: &mut Rig<Stt>, samples: &[i16], afresh: f64) {
    let (mut asked, mut over) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rig.work(SttWork::Reset { session: CALL }).expect("the worker takes work");
        let began = Instant::now();
        for (frame, part) in (1..).zip(samples.chunks(320)) {
            wait_until(began + Duration::from_millis(20 * frame));
            feed(rig, part);
        }
        let end = Instant::now();
        wait_until(end + Duration::from_millis(GUESS_MS));
        feed(rig, &vec![0; GUESS_MS as usize * 16]);
        ask(rig, 1, TranscriptKind::Ahead);
        wait_until(end + Duration::from_millis(FINAL_MS));
        ask(rig, 2, TranscriptKind::Final);
        answer(rig, 2);
        let after = ms(end.elapsed());
        asked.push(after - FINAL_MS as f64);
        over.push((after - OVER_MS as f64).max(0.0));
    }
    let (asked, over) = (median(asked), median(over));
    println!(
        "in real time, the final comes {asked:.0} ms after it is asked for ({:.2} of afresh), and delays an answer {OVER_MS} ms after the end of speech by {over:.0} ms ({:.2} of afresh)",
        asked / afresh,
        over / afresh
    );
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The package, in a Python of its own.
struct Peer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &str, model: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer_whisper.py");
        let mut child = Command::new(python)
            .args([Path::new(script), model])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the peer starts");
        let to = child.stdin.take().expect("its input");
        let from = BufReader::new(child.stdout.take().expect("its output"));
        let mut peer = Peer { child, to, from };
        println!("pywhispercpp: {}", peer.line());
        peer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the peer answers");
        line.trim().to_owned()
    }

    /// Milliseconds.
    fn recognise(&mut self, positions: usize, tokens: usize, wav: &Path) -> f64 {
        let asked = on_processor(self.child.id());
        writeln!(self.to, "{positions} {tokens} {}", wav.display()).expect("the peer listens");
        self.line();
        ms(on_processor(self.child.id()) - asked)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
