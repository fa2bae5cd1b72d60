//! What the caller says, spoken before the call, so that the voice costs no time in it.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use engine::Tts;
use tokio::process::Command;
use tokio::time::timeout;

use super::Error;
use super::script::{Act, Script};
use crate::calls::VoiceChoice;
use crate::calls::phrases::speak;
use crate::drivers::playout::FRAME;
use crate::engines::Client;

/// Level over 10 ms above which something is heard, in dBFS.
pub const AUDIBLE_DB: f32 = -45.0;
/// 10 ms at 8 kHz.
const BLOCK: usize = 80;
const RATE_HZ: u32 = 8_000;
/// Voices of the flite program, for callers that sound like nothing the box was trained on.
const FLITE: &str = "flite:";
/// A sentence takes flite a fraction of this.
const FLITE_LIMIT: Duration = Duration::from_secs(30);

/// Samples ready to be sent: from the first audible 10 ms to the last, in whole packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// Mono, 8 kHz.
    pub samples: Vec<i16>,
}

impl Utterance {
    /// Cuts what is not audible off both ends; `None` when nothing is.
    pub fn cut(samples: &[i16]) -> Option<Self> {
        let audible = |block: &[i16]| audio::level_db(block) > AUDIBLE_DB;
        let first = samples.chunks(BLOCK).position(audible)?;
        let last = samples.chunks(BLOCK).rposition(audible)?;
        let until = ((last + 1) * BLOCK).min(samples.len());
        let mut samples = samples.get(first * BLOCK..until)?.to_vec();
        samples.resize(samples.len().next_multiple_of(FRAME), 0);
        Some(Utterance { samples })
    }

    /// Length in milliseconds.
    pub fn total_ms(&self) -> usize {
        self.samples.len() / 8
    }
}

/// True when any 10 ms of it is heard.
pub fn is_audible(samples: &[i16]) -> bool {
    samples.chunks(BLOCK).any(|block| audio::level_db(block) > AUDIBLE_DB)
}

/// Has utterances made, each only once.
#[derive(Debug)]
pub struct Booth {
    voice: Option<Client<Tts>>,
    made: HashMap<(String, String), Utterance>,
}

impl Booth {
    /// A booth with this voice; without one only files and flite's voices can be used.
    pub fn new(voice: Option<Client<Tts>>) -> Self {
        Booth { voice, made: HashMap::new() }
    }

    /// True when the script can't be played without the voice worker.
    pub fn needs_voice(script: &Script, default: &str) -> bool {
        script.turns.iter().any(|turn| match &turn.act {
            Act::Say { voice, .. } => !voice.as_deref().unwrap_or(default).starts_with(FLITE),
            _ => false,
        })
    }

    /// The utterance of every turn that has one. Files are relative to `folder`.
    ///
    /// # Errors
    /// No voice, no such file, or nothing audible in one.
    pub async fn prepare(
        &mut self,
        script: &Script,
        default: &VoiceChoice,
        folder: &Path,
    ) -> Result<Vec<Option<Utterance>>, Error> {
        let mut utterances = Vec::with_capacity(script.turns.len());
        for turn in &script.turns {
            utterances.push(match &turn.act {
                Act::Say { text, voice } => {
                    let name = voice.clone().unwrap_or_else(|| default.name.clone());
                    Some(self.say(text, VoiceChoice { name, speed: default.speed }).await?)
                }
                Act::Wav(path) => Some(file(&folder.join(path))?),
                Act::Digits(_) | Act::Silence | Act::HangUp => None,
            });
        }
        Ok(utterances)
    }

    /// One utterance.
    ///
    /// # Errors
    /// No voice, or nothing audible.
    pub async fn say(&mut self, text: &str, voice: VoiceChoice) -> Result<Utterance, Error> {
        let key = (format!("{} {}", voice.name, voice.speed), text.to_owned());
        if let Some(made) = self.made.get(&key) {
            return Ok(made.clone());
        }
        let written = read_aloud(text);
        let samples = match (voice.name.strip_prefix(FLITE), &self.voice) {
            (Some(name), _) => flite(name, &written).await?,
            (None, Some(client)) => speak(client, &voice, &written).await.map_err(Error::Voice)?.samples,
            (None, None) => return Err(Error::Voice("the voice worker was not started".into())),
        };
        let utterance = Utterance::cut(&samples).ok_or_else(|| Error::Inaudible(format!("\"{text}\"")))?;
        self.made.insert(key, utterance.clone());
        Ok(utterance)
    }
}

/// What an English voice is given to say this: among letters it takes an "a" for the article, "eigh" for the letter.
/// "i a" alone spells nothing: "am i a new customer".
fn read_aloud(text: &str) -> String {
    let core = |word: &str| word.trim_end_matches(['.', ',', '?']).to_ascii_lowercase();
    let letter = |word: &str| word.len() == 1 && word.chars().all(char::is_alphabetic);
    let words: Vec<&str> = text.split(' ').collect();
    let runs = words.chunk_by(|one, next| letter(one) && letter(&core(next)));
    let said = runs.flat_map(|run| {
        let spells = run.len() > 1 && run.iter().any(|word| !matches!(&*core(word), "a" | "i"));
        run.iter().map(move |word| if spells && word.eq_ignore_ascii_case("a") { "eigh" } else { word })
    });
    said.collect::<Vec<_>>().join(" ")
}

/// A recording, whatever its rate, as one channel at 8 kHz.
fn file(path: &Path) -> Result<Utterance, Error> {
    Utterance::cut(&read(path)?).ok_or_else(|| Error::Inaudible(path.display().to_string()))
}

fn read(path: &Path) -> Result<Vec<i16>, Error> {
    let wrong = |why| Error::Wav { path: path.to_owned(), why };
    let file = File::open(path).map_err(|why| Error::Unreadable { path: path.to_owned(), why })?;
    let wav = audio::wav::read(BufReader::new(file)).map_err(wrong)?;
    let rate_hz = wav.rate_hz;
    audio::resample(&wav.mono(), rate_hz, RATE_HZ).map_err(wrong)
}

/// Speaks with a voice of the flite program, by way of a temporary file.
async fn flite(name: &str, text: &str) -> Result<Vec<i16>, Error> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Error::Voice(format!("\"{name}\" is no voice of flite; try flite:slt")));
    }
    let out = Temporary::new();
    let run = Command::new("flite")
        .args(["-voice", name, "-t", text, "-o"])
        .arg(&out.0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    match timeout(FLITE_LIMIT, run).await {
        Ok(Ok(status)) if status.success() => read(&out.0),
        Ok(Ok(status)) => Err(Error::Voice(format!("flite failed with the voice \"{name}\" ({status})"))),
        Ok(Err(error)) => Err(Error::Voice(format!("flite can't be started ({error}); install the package flite"))),
        Err(_) => Err(Error::Voice("flite does not come to an end".into())),
    }
}

/// A file that goes when it is no longer needed.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        let name = format!("callbox-{}-{:016x}.wav", std::process::id(), fastrand::u64(..));
        Temporary(std::env::temp_dir().join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // it may never have been made
    }
}

#[cfg(test)]
mod tests {
    use super::read_aloud;

    #[test]
    fn among_letters_a_is_one() {
        assert_eq!(read_aloud("a cut for sarah s a r a h"), "a cut for sarah s eigh r eigh h");
        assert_eq!(read_aloud("at nine a m. A trim"), "at nine eigh m. A trim");
        assert_eq!(read_aloud("am i a new customer, mia m i a"), "am i a new customer, mia m i eigh");
    }
}
