//! What a model is, in a TOML file beside it: `models/<set>/<name>.toml`.
//!
//! ```toml
//! name = "stt-en"                        # unique in its set: lower case, digits, hyphens, dots
//! kind = "stt"                           # stt | llm | tts | turn (end of turn) | embed (knowledge)
//! licence = "MIT OR Apache-2.0"          # of the model's files
//! languages = ["en"]                     # BCP 47 primary tags
//! memory_mb = 60                         # what a worker needs with it
//! source = "scripts/train/stt"           # where the files come from, for people
//! profiles = ["cpu"]                     # optional: `callbox models pull --profile cpu` brings it
//!
//! [[files]]                              # none when the voice is installed with the system
//! path = "stt-en.q8_0.bin"               # beside the manifest
//! sha256 = "..."                         # 64 hexadecimal digits
//! bytes = 16349976
//! url = "https://.."                     # optional: where `callbox models pull` finds it
//! # Instead of sha256 and bytes, for a file with a url whose hash is not known for certain: what
//! # the first pull brings is recorded in `<name>.lock` beside the manifest, and held ever after.
//! at_most_bytes = 70_000_000             # more than this is refused
//!
//! [trusted]
//! with = "calls"                         # "calls" or "nothing": a shape to measure with, never to answer
//! speech = "quoted"                      # llm: "quoted" (never words of its own) or "free"
//! not_for = "anything but first runs"    # free text for people, optional
//!
//! [stt]                                  # optional
//! confidence_floor = 0.5                 # below this mean token probability nothing was said
//! beams = 1                              # sentences followed at once, 1 to 8: more hear better, slower
//!
//! [llm]                                  # needed for kind = "llm"
//! prompt = "starter-1"                   # wording of its prompts: "starter-1", or "chat-1" for any model
//!                                        # that follows instructions, with the tokens of its chat below
//! context = 256                          # longest prompt and answer in tokens
//! before = ""                            # special tokens before the shared part of a prompt,
//! between = ""                           # between its two parts,
//! after = "<|out|>"                      # and after it
//!
//! [tts]                                  # needed for kind = "tts"
//! engine = "espeak"                      # espeak | piper
//! voice = "en-us"                        # espeak's name of the voice, or the Piper speaker
//! ```

mod lock;
mod parse;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Error;

pub use lock::record;

/// A model as its manifest declares it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Unique in its set.
    pub name: String,
    /// Which engine it is for.
    pub kind: Kind,
    /// Licence of the files.
    pub licence: String,
    /// BCP 47 primary tags; empty means any.
    pub languages: Vec<String>,
    /// Memory a worker needs with it, in megabytes.
    pub memory_mb: u32,
    /// Where the files come from, for people.
    pub source: String,
    /// The files, in the manifest's order; the first is what the engine opens.
    pub files: Vec<ModelFile>,
    /// What it may be used for.
    pub trusted: Trusted,
    /// The profiles whose pull brings it.
    pub profiles: Vec<Profile>,
    /// Speech recognition's own settings.
    pub stt: SttModel,
    /// The language model's own settings.
    pub llm: LlmModel,
    /// The voice's own settings; `Some` when `kind` is [`Kind::Tts`].
    pub tts: Option<TtsModel>,
    /// The manifest itself.
    pub path: PathBuf,
}

/// Which engine a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Speech recognition.
    Stt,
    /// Language model.
    Llm,
    /// Voice.
    Tts,
    /// Tells by ear whether a caller has finished.
    Turn,
    /// Turns a text into numbers, to find passages by meaning.
    Embed,
}

impl Kind {
    /// As written in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Stt => "stt",
            Kind::Llm => "llm",
            Kind::Tts => "tts",
            Kind::Turn => "turn",
            Kind::Embed => "embed",
        }
    }
}

/// The kind of machine a choice of models is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A few processor cores.
    Cpu,
    /// A workstation's graphics card.
    Gpu,
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Where it is (the manifest's folder joined).
    pub path: PathBuf,
    /// What it must be; `None` before its first pull when the manifest does not say.
    pub pin: Option<Pin>,
    /// No more bytes than this are ever taken for it.
    pub most_bytes: u64,
    /// Where it can be fetched.
    pub url: Option<String>,
}

/// What a file must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// How much of a model is on this machine, by name and length alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Every file.
    Here,
    /// Some of them, or one of another length.
    Partly,
    /// None.
    Absent,
}

/// What a model may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Whether it may take part in calls at all.
    #[serde(default)]
    pub with: With,
    /// Whose words are spoken when it decides.
    #[serde(default)]
    pub speech: Speech,
    /// What it must not be used for; for people.
    #[serde(default)]
    pub not_for: String,
}

/// What a model may take part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum With {
    /// Calls.
    #[default]
    Calls,
    /// Nothing: its weights are random, for measuring speed and memory.
    Nothing,
}

/// Whose words are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speech {
    /// Only the business's approved phrases and knowledge sentences.
    #[default]
    Quoted,
    /// The model's own where a flow leaves the wording to it.
    Free,
}

/// Settings of a recogniser.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SttModel {
    /// A transcript whose mean token probability is lower holds no words.
    pub confidence_floor: f32,
    /// Sentences followed at once where the turn hangs on it; hypotheses in mid-speech follow one.
    pub beams: u8,
}

impl Default for SttModel {
    fn default() -> Self {
        SttModel { confidence_floor: 0.5, beams: 1 }
    }
}

/// Settings of a language model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlmModel {
    /// Wording of the prompts it was made for, e.g. `starter-1`.
    pub prompt: String,
    /// Longest prompt with its answer, in tokens; 0 for what the model file says.
    pub context: u32,
    /// Special tokens before the shared part of a prompt.
    pub before: String,
    /// Special tokens between the shared part and the turn's own.
    pub between: String,
    /// Special tokens after it.
    pub after: String,
}

/// Settings of a voice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtsModel {
    /// What speaks.
    pub engine: TtsEngine,
    /// Name of the voice inside the engine; may be empty.
    #[serde(default)]
    pub voice: String,
}

/// What speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TtsEngine {
    /// espeak-ng, installed with the system.
    Espeak,
    /// A Piper voice on ONNX Runtime: the first file is the `.onnx`, the second its `.json`.
    Piper,
}

impl Manifest {
    /// Reads a manifest from its file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|why| Error::ManifestUnreadable { path: path.to_owned(), why })?;
        Self::parse(&text, path)
    }

    /// Parses the text of the manifest that lies at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let mut manifest = parse::manifest(text, path)?;
        lock::hold(&mut manifest)?;
        Ok(manifest)
    }

    /// How much of it is on this machine. Reads no file: [`crate::verify::verify_all`] does.
    pub fn presence(&self) -> Presence {
        let here = |file: &&ModelFile| {
            let length = fs::metadata(&file.path).map(|found| found.len());
            length.is_ok_and(|found| file.pin.as_ref().is_some_and(|pin| pin.bytes == found))
        };
        let whole = self.files.iter().filter(here).count();
        if whole == self.files.len() {
            Presence::Here
        } else if self.files.iter().any(|file| file.path.exists()) {
            Presence::Partly
        } else {
            Presence::Absent
        }
    }

    /// True when all of it can be fetched.
    pub fn has_source(&self) -> bool {
        !self.files.is_empty() && self.files.iter().all(|file| file.url.is_some())
    }

    /// Where what the first pull brought is recorded.
    pub fn lock_path(&self) -> PathBuf {
        self.path.with_file_name(format!("{}.lock", self.name))
    }
}

/// Every manifest under `models` (`<set>/<name>.toml`), sorted by path.
pub fn all(models: &Path) -> Vec<(PathBuf, Result<Manifest, Error>)> {
    let mut found: Vec<PathBuf> = folders(models)
        .into_iter()
        .flat_map(|set| entries(&set))
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    found.sort();
    found.into_iter().map(|path| (path.clone(), Manifest::load(&path))).collect()
}

fn folders(of: &Path) -> Vec<PathBuf> {
    entries(of).into_iter().filter(|path| path.is_dir()).collect()
}

fn entries(of: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(of).into_iter().flatten();
    listed.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}
