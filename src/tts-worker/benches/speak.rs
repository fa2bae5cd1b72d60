//! How fast a Piper voice speaks, and how soon a sentence begins, beside the piper-tts package on the
//! same graph, one thread each, in turns:
//!
//!     cargo bench -p tts-worker -- MANIFEST [PYTHON]
//!
//! PYTHON is one that has piper-tts; without it only the worker is measured. Counted is time on the
//! processor: the worker lowers its priority, so that others would count for it and not for the package.
//! Then, within the worker's parts, that streamed pieces are the whole to the last bit, and what a frame costs in how long a run.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use engine::manifest::Manifest;
use engine::rig::{Peer, Rig, median};
use engine::{Ticket, Tts, TtsEvent, TtsWork, Up};
use onnx::Library;
use tts_worker::piper::Graph;

/// About four seconds, without a pause.
const SENTENCE: &str = "we can see you on friday at three with Doctor Miller";
const ROUNDS: usize = 5;
const LINE_RATE: u32 = 8_000;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let manifest = PathBuf::from(args.next().expect("the manifest of a Piper voice"));
    let read = Manifest::load(&manifest).expect("a manifest");
    let onnx = read.files.first().expect("an .onnx").path.clone();
    let mut peer = args.next().map(|python| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer_piper.py");
        let (peer, about) = Peer::python(&python, script, &onnx).expect("the peer starts");
        println!("piper-tts on {about}");
        peer
    });
    beside(&manifest, &read.name, peer.as_mut());
    pieces(&onnx);
}

fn library() -> String {
    let path = std::env::var("ORT_DYLIB_PATH").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../.setup/onnxruntime/libonnxruntime.so").to_owned()
    });
    assert!(Path::new(&path).exists(), "{path} is missing: run scripts/setup first");
    path
}

/// The worker and the package in turns.
fn beside(manifest: &Path, voice: &str, mut peer: Option<&mut Peer>) {
    let program = Path::new(env!("CARGO_BIN_EXE_callbox-tts"));
    let args = ["--manifest", &manifest.to_string_lossy(), "--onnxruntime", &library()];
    let (mut rig, about) = Rig::<Tts>::ready(program, &args).expect("the worker starts");
    println!("{about}");
    let (mut ours, mut first, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let mut seconds = 0.0;
    for round in 0..=ROUNDS {
        let (whole, to_first, spoken) = speak(&mut rig, voice);
        let beside = peer.as_deref_mut().map(|peer| {
            let (speech, work) = peer.ask(SENTENCE).expect("the peer answers");
            (work.as_secs_f64(), speech.parse::<f64>().expect("seconds of speech"))
        });
        if round > 0 {
            ours.push(whole);
            first.push(to_first);
            seconds = spoken;
            theirs.extend(beside.map(|(work, speech)| work / speech));
        }
    }
    let (whole, to_first) = (median(ours), median(first));
    println!(
        "a sentence of {seconds:.1} s: whole after {:.0} ms (real-time factor {:.3}), first samples after {:.0} ms ({:.2} of the whole)",
        whole * 1e3,
        whole / seconds,
        to_first * 1e3,
        to_first / whole
    );
    if !theirs.is_empty() {
        let theirs = median(theirs);
        println!(
            "piper-tts: real-time factor {theirs:.3}; the worker is {:.2} times as fast",
            theirs * seconds / whole
        );
    }
}

/// Seconds to the last sample and to the first, and seconds of speech.
fn speak(rig: &mut Rig<Tts>, voice: &str) -> (f64, f64, f64) {
    let (ticket, voice, text) = (Ticket(1), voice.to_owned(), SENTENCE.to_owned());
    let asked = rig.on_processor();
    let since = |rig: &Rig<Tts>| (rig.on_processor() - asked).as_secs_f64();
    let work = TtsWork::Speak { ticket, voice, text, rate: LINE_RATE, speed: 1.0, due_ms: 0 };
    rig.work(work).expect("the worker takes work");
    let (mut first, mut samples) = (None, 0);
    loop {
        match rig.receive().expect("the worker answers") {
            Up::Event(TtsEvent::Audio { samples: more, .. }) => {
                first = first.or(Some(since(rig)));
                samples += more.len();
            }
            Up::Event(TtsEvent::Done { .. }) => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    (since(rig), first.expect("it speaks"), samples as f64 / f64::from(LINE_RATE))
}

/// The pieces against the whole, and what a frame costs.
fn pieces(onnx: &Path) {
    let runtime = Library::load(library().as_ref()).expect("the library").start("callbox-tts").expect("it starts");
    let ids: Vec<i64> = (0..115).map(|n| 1 + (n * 7) % 43).collect();
    let mut graph = Graph::load(&runtime, &std::fs::read(onnx).expect("the graph"), &ids).expect("it loads");
    if !graph.streams() {
        println!("this graph can't be cut: it speaks whole sentences");
        return;
    }
    let mut make = |ids: &[i64], at_once: bool| {
        let began = Instant::now();
        let sound = graph.begin(ids, [0.0, 1.0, 0.0], 0).expect("it begins");
        let encoded = began.elapsed().as_secs_f64();
        let mut sound = if at_once { sound.at_once() } else { sound };
        let samples: Vec<_> = std::iter::from_fn(|| graph.next(&mut sound).expect("it speaks")).collect();
        (samples.len(), samples.concat(), encoded, began.elapsed().as_secs_f64())
    };
    let (count, streamed, ..) = make(&ids, false);
    let (_, whole, ..) = make(&ids, true);
    let differing = streamed.iter().zip(&whole).filter(|(a, b)| a != b).count();
    println!("{count} pieces: {differing} of {} samples differ from the whole", whole.len());
    assert!(differing == 0 && streamed.len() == whole.len());
    for length in [22, 43, 86, 115] {
        let ids = ids.get(..length).expect("so many");
        let times: Vec<_> = (0..ROUNDS).map(|_| make(ids, true)).collect();
        let (encode, all) = times.iter().map(|(_, _, encode, all)| (*encode, *all)).unzip::<_, _, Vec<_>, Vec<_>>();
        let samples = times.first().map_or(1, |(_, samples, ..)| samples.len());
        let seconds = samples as f64 / 22_050.0;
        let (encode, all) = (median(encode), median(all));
        println!(
            "{seconds:.2} s in one run: encoder {:.0} ms, flow and decoder {:.3} s a second",
            encode * 1e3,
            (all - encode) / seconds
        );
    }
}
