//! Clauses that were spoken before, shared by all calls: what the business says again and again
//! starts at once and costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dialogue::shaping::{self, Language};
use engine::{Tts, TtsEvent, TtsWork};
use tokio::sync::mpsc;

use super::voice::VoiceChoice;
use crate::engines::{Client, Reply};

/// What is made at leisure is wanted so late that whatever a call wants goes first.
const LEISURE_MS: u32 = 20_000;

/// A clause as the voice made it.
#[derive(Debug, PartialEq, Eq)]
pub struct Clip {
    /// Mono, 8 kHz.
    pub samples: Vec<i16>,
    /// End of each word, in milliseconds.
    pub word_ends_ms: Vec<u32>,
}

impl Clip {
    /// Length in milliseconds.
    pub fn total_ms(&self) -> u32 {
        u32::try_from(self.samples.len() / 8).unwrap_or(u32::MAX)
    }
}

/// The cache, bounded by the audio it holds; the least recently used clause makes room.
#[derive(Debug)]
pub struct Phrases {
    most_samples: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    clips: HashMap<String, Entry>,
    samples: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    clip: Arc<Clip>,
    used: u64,
    pinned: bool,
}

impl Phrases {
    /// Room for this many minutes of speech beside the pinned phrases.
    pub fn with_room_for_minutes(minutes: usize) -> Self {
        Phrases { most_samples: minutes * 60 * 8_000, kept: Mutex::default() }
    }

    /// The clause, if it was spoken before.
    pub fn find(&self, clause: &str) -> Option<Arc<Clip>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let entry = kept.clips.get_mut(clause)?;
        entry.used = now;
        Some(Arc::clone(&entry.clip))
    }

    /// Keeps a clause as long as there is room for it.
    pub fn keep(&self, clause: &str, clip: Arc<Clip>) {
        self.insert(clause, clip, false);
    }

    /// Keeps a clause for good: the fixed phrases of the business.
    pub fn pin(&self, clause: &str, clip: Arc<Clip>) {
        self.insert(clause, clip, true);
    }

    fn insert(&self, clause: &str, clip: Arc<Clip>, pinned: bool) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let used = kept.uses;
        if !pinned {
            kept.samples += clip.samples.len();
        }
        if let Some(old) = kept.clips.insert(clause.to_owned(), Entry { clip, used, pinned })
            && !old.pinned
        {
            kept.samples -= old.clip.samples.len();
        }
        while kept.samples > self.most_samples {
            let oldest = kept.clips.iter().filter(|(_, entry)| !entry.pinned).min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(clause, _)| clause.clone()) else { return };
            if let Some(gone) = kept.clips.remove(&oldest) {
                kept.samples -= gone.clip.samples.len();
            }
        }
    }
}

/// Has phrases made before anybody calls, and pins them.
///
/// # Errors
/// When the voice can't make them.
pub async fn prepare(
    phrases: &Phrases,
    voice: &Client<Tts>,
    choice: &VoiceChoice,
    fixed: &[String],
    language: Language,
) -> Result<(), String> {
    for clause in clauses(fixed, language) {
        if phrases.find(&clause).is_none() {
            let clip = speak(voice, choice, &clause).await?;
            phrases.pin(&clause, Arc::new(clip));
        }
    }
    Ok(())
}

/// The same for all that can wait: while calls are answered, after whatever they want said. A
/// clause that fails is made when it is wanted.
pub async fn prepare_at_leisure(
    phrases: Arc<Phrases>,
    voice: Client<Tts>,
    choice: VoiceChoice,
    fixed: Vec<String>,
    language: Language,
) {
    for clause in clauses(&fixed, language) {
        if let Some(made) = phrases.find(&clause) {
            phrases.pin(&clause, made);
            continue;
        }
        if voice.ready().await.is_err() {
            return;
        }
        match speak_within(&voice, &choice, &clause, LEISURE_MS).await {
            Ok(clip) => phrases.pin(&clause, Arc::new(clip)),
            Err(why) => tracing::debug!(why, "a phrase was not made ahead"),
        }
    }
}

fn clauses(fixed: &[String], language: Language) -> impl Iterator<Item = String> {
    fixed.iter().flat_map(move |phrase| shaping::clauses(&shaping::speakable(phrase, language)))
}

/// Speaks one text and waits for all of it.
///
/// # Errors
/// When the voice is down or can't say it.
pub async fn speak(voice: &Client<Tts>, choice: &VoiceChoice, text: &str) -> Result<Clip, String> {
    speak_within(voice, choice, text, 0).await
}

async fn speak_within(voice: &Client<Tts>, choice: &VoiceChoice, text: &str, due_ms: u32) -> Result<Clip, String> {
    let (to_me, mut replies) = mpsc::channel(1024);
    let ticket = voice.ticket();
    let VoiceChoice { name, speed } = choice.clone();
    let work = TtsWork::Speak { ticket, voice: name, text: text.to_owned(), rate: 8_000, speed, due_ms };
    if !voice.submit(ticket, work, to_me) {
        return Err(voice.not_ready().unwrap_or_else(|| "the voice takes no more work".to_owned()));
    }
    let mut samples = Vec::new();
    loop {
        match replies.recv().await {
            Some((_, Reply::Event(TtsEvent::Audio { samples: more, .. }))) => samples.extend(more),
            Some((_, Reply::Event(TtsEvent::Done { word_ends, .. }))) => {
                return Ok(Clip { samples, word_ends_ms: word_ends.into_iter().map(|sample| sample / 8).collect() });
            }
            Some((_, Reply::Failed)) | None => return Err("the voice could not say a phrase".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_makes_room_and_pinned_phrases_stay() {
        let phrases = Phrases { most_samples: 15, kept: Mutex::default() };
        let clip = || Arc::new(Clip { samples: vec![0; 10], word_ends_ms: vec![] });
        phrases.pin("greeting", clip());
        phrases.keep("a", clip());
        phrases.keep("b", clip());
        assert!(phrases.find("a").is_none());
        assert!(phrases.find("b").is_some() && phrases.find("greeting").is_some());
    }
}
