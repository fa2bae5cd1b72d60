//! From the text of a manifest to a [`Manifest`], with the line of every complaint.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{Kind, LlmModel, Manifest, ModelFile, Pin, Profile, SttModel, Trusted, TtsEngine, TtsModel};
use crate::Error;

/// Parses and checks; files without a pin stay so.
pub(super) fn manifest(text: &str, path: &Path) -> Result<Manifest, Error> {
    let source = Source { text, path };
    let raw: Raw = toml::from_str(text)
        .map_err(|why| source.wrong(why.span().map_or(0, |span| span.start), why.message().to_owned()))?;
    source.check(raw)
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
    profiles: Vec<Profile>,
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
    sha256: Option<Spanned<String>>,
    bytes: Option<u64>,
    at_most_bytes: Option<u64>,
    url: Option<String>,
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
            profiles: raw.profiles,
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
        if !(1..=8).contains(&stt.get_ref().beams) {
            return Err(self.wrong(stt.span().start, "beams must be between 1 and 8"));
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
        let at = raw.path.span().start;
        let (pin, most_bytes) = match (&raw.sha256, raw.bytes, raw.at_most_bytes) {
            (Some(sha256), Some(bytes), None) => (Some(Pin { sha256: self.hash(sha256)?, bytes }), bytes),
            (None, None, Some(most)) if raw.url.is_some() => (None, most),
            _ => {
                let what = "write either sha256 and bytes, or a url and at_most_bytes when the hash is not known yet";
                return Err(self.wrong(at, what));
            }
        };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        Ok(ModelFile { path: folder.join(name), pin, most_bytes, url: raw.url.clone() })
    }

    fn hash(&self, written: &Spanned<String>) -> Result<String, Error> {
        let sha256 = written.get_ref().to_ascii_lowercase();
        if !is_sha256(&sha256) {
            let what = "sha256 must be 64 hexadecimal digits, as `sha256sum` prints them";
            return Err(self.wrong(written.span().start, what));
        }
        Ok(sha256)
    }
}

/// 64 lower-case hexadecimal digits.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
