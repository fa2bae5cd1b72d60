//! What a model is, in a TOML file beside it: `models/<set>/<name>.toml`.
//!
//! ```toml
//! name = "stt-en"                        # unique in its set: lower case, digits, hyphens, dots
//! kind = "stt"                           # stt | llm | tts
//! licence = "MIT OR Apache-2.0"          # of the model's files
//! languages = ["en"]                     # BCP 47 primary tags
//! memory_mb = 60                         # what a worker needs with it
//! source = "scripts/train/stt"           # where the files come from, for people
//!
//! [[files]]                              # none when the voice is installed with the system
//! path = "stt-en.q8_0.bin"               # beside the manifest
//! sha256 = "..."                         # 64 hexadecimal digits
//! bytes = 16349976
//! url = "https://.."                     # optional: where `callbox models pull` finds it
//!
//! [trusted]
//! speech = "quoted"                      # llm: "quoted" (never words of its own) or "free"
//! not_for = "anything but first runs"    # free text for people, optional
//!
//! [stt]                                  # optional
//! confidence_floor = 0.5                 # below this mean token probability nothing was said
//!
//! [llm]                                  # needed for kind = "llm"
//! prompt = "starter-1"                   # wording of the prompts it was made for
//! context = 256                          # longest prompt and answer in tokens
//! before = ""                            # special tokens before the shared part of a prompt,
//! between = ""                           # between its two parts,
//! after = "<|out|>"                      # and after it
//!
//! [tts]                                  # needed for kind = "tts"
//! engine = "espeak"                      # espeak | piper
//! voice = "en-us"                        # espeak's name of the voice, or the Piper speaker
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::Error;

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
}

impl Kind {
    /// As written in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Stt => "stt",
            Kind::Llm => "llm",
            Kind::Tts => "tts",
        }
    }
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Where it is (the manifest's folder joined).
    pub path: PathBuf,
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Where it can be fetched.
    pub url: Option<String>,
}

/// What a model may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Whose words are spoken when it decides.
    #[serde(default)]
    pub speech: Speech,
    /// What it must not be used for; for people.
    #[serde(default)]
    pub not_for: String,
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
}

impl Default for SttModel {
    fn default() -> Self {
        SttModel { confidence_floor: 0.5 }
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

/// As it stands in the file; checked piece by piece so that every complaint names its line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Spanned<String>,
    kind: Spanned<Kind>,
    licence: Spanned<String>,
    languages: Spanned<Vec<String>>,
    memory_mb: u32,
    #[serde(default)]
    source: String,
    #[serde(default)]
    files: Vec<RawFile>,
    #[serde(default)]
    trusted: Trusted,
    stt: Option<Spanned<SttModel>>,
    llm: Option<LlmModel>,
    tts: Option<TtsModel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: Spanned<String>,
    sha256: Spanned<String>,
    bytes: u64,
    url: Option<String>,
}

impl Manifest {
    /// Reads a manifest from its file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|why| Error::ManifestUnreadable { path: path.to_owned(), why })?;
        Self::parse(&text, path)
    }

    /// Parses the text of the manifest that lies at `path`.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let source = Source { text, path };
        let raw: Raw = toml::from_str(text)
            .map_err(|why| source.wrong(why.span().map_or(0, |span| span.start), why.message().to_owned()))?;
        source.check(raw)
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

/// The text being checked, for errors that name their line.
struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    fn wrong(&self, at: usize, what: impl Into<String>) -> Error {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Error::Manifest { path: self.path.to_owned(), line, what: what.into() }
    }

    fn check(&self, raw: Raw) -> Result<Manifest, Error> {
        let kind = *raw.kind.get_ref();
        let at_kind = raw.kind.span().start;
        self.named(&raw.name)?;
        if raw.licence.get_ref().trim().is_empty() {
            let what = "licence is empty: write the SPDX expression of the model files' licence";
            return Err(self.wrong(raw.licence.span().start, what));
        }
        self.tags(&raw.languages)?;
        self.section(at_kind, kind, Kind::Llm, raw.llm.is_some())?;
        self.section(at_kind, kind, Kind::Tts, raw.tts.is_some())?;
        let installed = raw.tts.as_ref().is_some_and(|tts| tts.engine == TtsEngine::Espeak);
        if raw.files.is_empty() && !installed {
            return Err(self.wrong(at_kind, "no [[files]]: name the model's file with its sha256 and bytes"));
        }
        let files = raw.files.iter().map(|file| self.file(file)).collect::<Result<_, _>>()?;
        Ok(Manifest {
            name: raw.name.into_inner(),
            kind,
            licence: raw.licence.into_inner(),
            languages: raw.languages.into_inner(),
            memory_mb: raw.memory_mb,
            source: raw.source,
            files,
            trusted: raw.trusted,
            stt: self.floor(raw.stt)?,
            llm: raw.llm.unwrap_or_default(),
            tts: raw.tts,
            path: self.path.to_owned(),
        })
    }

    fn named(&self, name: &Spanned<String>) -> Result<(), Error> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
        if name.get_ref().is_empty() || !name.get_ref().chars().all(plain) {
            let what = format!("name {:?}: use lower-case letters, digits, hyphens and dots", name.get_ref());
            return Err(self.wrong(name.span().start, what));
        }
        Ok(())
    }

    fn tags(&self, languages: &Spanned<Vec<String>>) -> Result<(), Error> {
        let primary = |tag: &&String| !(2..=3).contains(&tag.len()) || !tag.chars().all(|c| c.is_ascii_lowercase());
        match languages.get_ref().iter().find(primary) {
            Some(tag) => {
                let what = format!("language {tag:?}: write the primary tag alone, such as \"en\"");
                Err(self.wrong(languages.span().start, what))
            }
            None => Ok(()),
        }
    }

    fn section(&self, at: usize, kind: Kind, of: Kind, there: bool) -> Result<(), Error> {
        match (kind == of, there) {
            (true, false) => Err(self.wrong(at, format!("kind is {:?}: add the section [{}]", of.name(), of.name()))),
            (false, true) => {
                Err(self
                    .wrong(at, format!("kind is {:?}: the section [{}] does not belong here", kind.name(), of.name())))
            }
            _ => Ok(()),
        }
    }

    fn floor(&self, stt: Option<Spanned<SttModel>>) -> Result<SttModel, Error> {
        let Some(stt) = stt else {
            return Ok(SttModel::default());
        };
        if !(0.0..=1.0).contains(&stt.get_ref().confidence_floor) {
            return Err(self.wrong(stt.span().start, "confidence_floor must be between 0 and 1"));
        }
        Ok(stt.into_inner())
    }

    fn file(&self, raw: &RawFile) -> Result<ModelFile, Error> {
        let name = raw.path.get_ref();
        let beside = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if !beside {
            let what = format!("path {name:?}: a model's file lies beside its manifest, write its bare name");
            return Err(self.wrong(raw.path.span().start, what));
        }
        let sha256 = raw.sha256.get_ref().to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.chars().all(|c| c.is_ascii_hexdigit()) {
            let what = "sha256 must be 64 hexadecimal digits, as `sha256sum` prints them";
            return Err(self.wrong(raw.sha256.span().start, what));
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        Ok(ModelFile { path: folder.join(name), sha256, bytes: raw.bytes, url: raw.url.clone() })
    }
}
