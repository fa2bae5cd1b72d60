//! `callbox say`: the voice alone.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use super::{CliError, block_on};
use crate::calls::VoiceChoice;
use crate::calls::phrases::speak;
use crate::config::Arguments;
use crate::engines::{model, models_folder, start_tts};
use crate::observe;
use dialogue::shaping::{Language, speakable};
use engine::manifest::Kind;

/// Sampling rate of what is written, in hertz: what a caller would hear.
const RATE_HZ: u32 = 8_000;

/// Speak a text into a wav file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to say.
    text: String,
    /// The wav file to write (mono, 8 kHz).
    #[arg(long, value_name = "WAV")]
    out: PathBuf,
    /// Which voice; the configured one unless given, e.g. espeak-en-gb+f3.
    #[arg(long)]
    voice: Option<String>,
    /// Speed; 1.0 is the voice's own.
    #[arg(long, default_value_t = 1.0)]
    speed: f32,
    #[command(flatten)]
    config: Arguments,
}

/// Runs the verb.
///
/// # Errors
/// When there is no voice or the file can't be written.
pub fn run(args: Args) -> Result<(), CliError> {
    let config = args.config.load_or_default().map_err(CliError::not_ready)?.config;
    observe::log("warn");
    let manifest =
        model(&models_folder(&config.engines), Kind::Tts, &config.engines.tts.model).map_err(CliError::NotReady)?;
    let choice = VoiceChoice { name: args.voice.unwrap_or(manifest.name.clone()), speed: args.speed };
    let clip = block_on(async {
        let voice = start_tts(&config.engines, &manifest);
        voice.ready().await.map_err(CliError::NotReady)?;
        speak(&voice, &choice, &speakable(&args.text, Language::English)).await.map_err(CliError::Failed)
    })?;
    let cannot = |why: &dyn std::fmt::Display| CliError::Failed(format!("can't write {}: {why}", args.out.display()));
    let file = File::create(&args.out).map_err(|error| cannot(&error))?;
    audio::wav::write_mono(BufWriter::new(file), RATE_HZ, &clip.samples).map_err(|error| cannot(&error))?;
    eprintln!("{} ms of speech in {}", clip.total_ms(), args.out.display());
    Ok(())
}
