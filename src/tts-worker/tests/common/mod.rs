//! The real binary at the other end of a socket pair, as the daemon starts it.
#![allow(dead_code, clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use engine::{Down, PROTOCOL, Ticket, Tts, TtsEvent, TtsWork, Up, read_frame, write_frame};

pub type Event = Up<TtsEvent>;

/// A running voice worker.
pub struct Worker {
    pub child: Child,
    pub socket: UnixStream,
    pub about: String,
    pub warm_ms: u32,
}

/// One clause as it arrived.
#[derive(Debug, Default)]
pub struct Clause {
    pub samples: Vec<i16>,
    pub pieces: usize,
    pub word_ends: Vec<u32>,
    pub first_ms: u32,
    pub total_ms: u32,
    /// As seen from here: request to first piece.
    pub first_seen: Duration,
}

impl Worker {
    /// Starts it with these arguments and waits until it is ready.
    pub fn start(args: &[&str]) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let child = Command::new(env!("CARGO_BIN_EXE_callbox-tts"))
            .args(args)
            .env_remove("ORT_DYLIB_PATH")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .expect("the worker starts");
        ours.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let mut worker = Worker { child, socket: ours, about: String::new(), warm_ms: 0 };
        worker.send(Down::Hello { protocol: PROTOCOL });
        match worker.next() {
            Up::Ready { protocol, about, warm_ms } => {
                assert_eq!(protocol, PROTOCOL);
                (worker.about, worker.warm_ms) = (about, warm_ms);
            }
            other => panic!("the first frame must be Ready, not {other:?}"),
        }
        worker
    }

    pub fn send(&mut self, down: Down<TtsWork>) {
        write_frame(&mut self.socket, &down).expect("the worker takes a frame");
    }

    pub fn next(&mut self) -> Event {
        read_frame(&mut self.socket).expect("the worker answers")
    }

    pub fn ask(&mut self, ticket: u64, voice: &str, text: &str, rate: u32) {
        let (voice, text) = (voice.to_owned(), text.to_owned());
        self.send(Down::Work(TtsWork::Speak { ticket: Ticket(ticket), voice, text, rate, speed: 1.0, due_ms: 0 }));
    }

    /// Speaks one clause and collects all of it.
    pub fn speak(&mut self, voice: &str, text: &str, rate: u32) -> Clause {
        let asked = Instant::now();
        self.ask(7, voice, text, rate);
        let mut clause = Clause::default();
        loop {
            match self.next() {
                Up::Event(TtsEvent::Audio { ticket, samples }) => {
                    assert_eq!(ticket, Ticket(7));
                    assert!(!samples.is_empty(), "no piece is empty");
                    if clause.pieces == 0 {
                        clause.first_seen = asked.elapsed();
                    }
                    clause.pieces += 1;
                    clause.samples.extend(samples);
                }
                Up::Event(TtsEvent::Done { ticket, word_ends, first_ms, total_ms }) => {
                    assert_eq!(ticket, Ticket(7));
                    (clause.word_ends, clause.first_ms, clause.total_ms) = (word_ends, first_ms, total_ms);
                    return clause;
                }
                other => panic!("unexpected {other:?}"),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of models for one test, removed at its end.
pub struct Models(pub PathBuf);

impl Models {
    pub fn new(test: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("toys")).expect("a folder");
        Models(folder)
    }

    /// Copies a toy and writes its manifest.
    pub fn add(&self, name: &str, toy: &str, speaker: &str) -> PathBuf {
        let folder = self.0.join("toys");
        let mut files = String::new();
        for file in [format!("{toy}.onnx"), format!("{toy}.onnx.json")] {
            let bytes = fs::read(data(&file)).expect("a toy");
            fs::write(folder.join(&file), &bytes).expect("a copy");
            let hash = sha256(&folder.join(&file));
            files += &format!("[[files]]\npath = \"{file}\"\nsha256 = \"{hash}\"\nbytes = {}\n", bytes.len());
        }
        let manifest = folder.join(format!("{name}.toml"));
        let text = format!(
            "name = \"{name}\"\nkind = \"tts\"\nlicence = \"MIT\"\nlanguages = [\"en\"]\nmemory_mb = 1\n{files}\
             [tts]\nengine = \"piper\"\nvoice = \"{speaker}\"\n"
        );
        fs::write(&manifest, text).expect("a manifest");
        manifest
    }

    pub fn start(&self) -> Worker {
        Worker::start(&["--models", self.0.to_str().expect("a path"), "--onnxruntime", &onnxruntime()])
    }
}

impl Drop for Models {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn sha256(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().expect("sha256sum runs");
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
}

/// Marks the engine whose messages these tests exchange.
pub type Engine = Tts;

/// The ONNX Runtime library that scripts/setup brought, or that the environment names.
pub fn onnxruntime() -> String {
    let named = std::env::var("ORT_DYLIB_PATH").ok().filter(|path| !path.is_empty());
    let path = named.map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.setup/onnxruntime/libonnxruntime.so"),
        PathBuf::from,
    );
    assert!(path.exists(), "{} is missing: run scripts/setup first", path.display());
    path.to_string_lossy().into_owned()
}

/// A file of tests/data.
pub fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Level of active speech, in dBFS.
pub fn level_db(samples: &[i16], rate: u32) -> f32 {
    20.0 * (tts_worker::level::active_rms(samples, rate) / 32_768.0).log10()
}
