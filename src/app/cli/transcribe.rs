//! `callbox transcribe`: the recogniser alone.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use engine::manifest::Kind;
use engine::{Stt, SttWork, Transcript, TranscriptKind};
use serde_json::json;
use tokio::sync::mpsc;

use super::{CliError, block_on};
use crate::config::Arguments;
use crate::engines::{Client, Reply, model, models_folder, start_stt, turn};
use crate::observe;

/// Sampling rate of the recogniser, in hertz.
const RATE_HZ: u32 = 16_000;
/// Longest piece recognised at once, in samples: what Whisper can take, less a little.
const PIECE: usize = 28 * RATE_HZ as usize;

/// Recognise wav files.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Wav files: 16 bit, mono or stereo (mixed), 8 to 48 kHz.
    #[arg(required = true, value_name = "WAV")]
    files: Vec<PathBuf>,
    /// One object a file: file, text, confidence, words, audio_ms, decode_ms, finished (is the turn over? 0 to 1).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Arguments,
}

/// Runs the verb.
///
/// # Errors
/// When there is no recogniser, or for the first file that can't be read.
pub fn run(args: Args) -> Result<(), CliError> {
    let config = args.config.load_or_default().map_err(CliError::not_ready)?.config;
    observe::log("warn");
    let folder = models_folder(&config.engines);
    let manifest = model(&folder, Kind::Stt, &config.engines.stt.model).map_err(CliError::NotReady)?;
    let turn = turn(&folder, &config.engines).map_err(CliError::NotReady)?;
    block_on(async {
        let client = start_stt(&config.engines, &manifest, turn.as_ref());
        client.ready().await.map_err(CliError::NotReady)?;
        for file in &args.files {
            let mut whole = Whole::default();
            for piece in samples(file)?.chunks(PIECE) {
                whole.add(recognise(&client, piece).await?);
            }
            whole.print(file, args.json);
        }
        Ok(())
    })
}

fn samples(file: &Path) -> Result<Vec<i16>, CliError> {
    let cannot = |why: &dyn std::fmt::Display| CliError::Failed(format!("can't read {}: {why}", file.display()));
    let open = File::open(file).map_err(|error| cannot(&error))?;
    let wav = audio::wav::read(BufReader::new(open)).map_err(|error| cannot(&error))?;
    let rate_hz = wav.rate_hz;
    audio::resample(&wav.mono(), rate_hz, RATE_HZ).map_err(|error| cannot(&error))
}

async fn recognise(client: &Client<Stt>, piece: &[i16]) -> Result<Transcript, CliError> {
    let failed = || CliError::Failed("the recogniser failed; `callbox doctor` may say why".to_owned());
    let (session, ticket) = (client.session(), client.ticket());
    let (to_me, mut replies) = mpsc::channel(1);
    // A frame of the worker protocol holds two minutes; a piece is less than half a minute.
    let fed = client.tell(SttWork::Feed { session, samples: piece.to_vec() });
    let work = SttWork::Transcribe { session, ticket, kind: TranscriptKind::Final, language: None, due_ms: 0 };
    if !fed || !client.submit(ticket, work, to_me) {
        return Err(failed());
    }
    let answer = replies.recv().await;
    client.close(session);
    match answer {
        Some((_, Reply::Event(transcript))) => Ok(transcript),
        _ => Err(failed()),
    }
}

/// The pieces of one file, joined.
#[derive(Default)]
struct Whole {
    texts: Vec<String>,
    words: Vec<f32>,
    confidence_sum: f64,
    audio_ms: u32,
    decode_ms: u32,
    /// Of the last piece.
    finished: Option<f32>,
}

impl Whole {
    fn add(&mut self, piece: Transcript) {
        if !piece.text.is_empty() {
            self.texts.push(piece.text);
            self.confidence_sum += f64::from(piece.confidence);
        }
        self.words.extend(piece.words);
        self.audio_ms += piece.audio_ms;
        self.decode_ms += piece.decode_ms;
        self.finished = piece.finished;
    }

    fn print(&self, file: &Path, as_json: bool) {
        let text = self.texts.join(" ");
        if !as_json {
            println!("{}: {}", file.display(), if text.is_empty() { "(no speech)" } else { &text });
            return;
        }
        let confidence = self.confidence_sum / self.texts.len().max(1) as f64;
        let line = json!({
            "file": file, "text": text, "confidence": confidence, "words": self.words,
            "audio_ms": self.audio_ms, "decode_ms": self.decode_ms,
            "finished": self.finished,
        });
        println!("{line}");
    }
}
