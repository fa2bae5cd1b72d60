//! All voices by name: espeak's by convention, Piper's by manifest, and what speaks when a
//! name is unknown.

use std::collections::{HashMap, HashSet};

use engine::manifest::Manifest;

use crate::espeak::{Espeak, WordStart};
use crate::level::Meter;
use crate::mastering::{Mastering, Rates};
use crate::piper::{self, Piper};
use crate::text::Line;
use crate::{Error, Flow, Take};

/// Prefix of the voices that espeak-ng has by itself.
const ESPEAK: &str = "espeak-";
/// The voice of last resort.
const LAST_RESORT: &str = "en-us";
/// Spoken silently to measure a voice: every vowel, plosives, a pause.
const MEASURE: &str = "The quick brown fox jumps over the lazy dog, while you may be here at noon on Monday.";
/// Rates that lines have: their filters are made before the first call.
const LINE_RATES: [u32; 2] = [8_000, 16_000];
/// Names of voices that are remembered (their gains, what was said of them in the log).
const REMEMBERED: usize = 256;

/// A clause being spoken.
pub struct Speech {
    voice: Found,
    line: Line,
    speed: f32,
    mastering: Mastering,
    /// Where a Piper voice stands; espeak speaks in one go.
    piper: Option<piper::Speech>,
}

impl Speech {
    /// Samples made so far.
    pub fn sent(&self) -> u32 {
        self.mastering.sent()
    }
}

/// What a bit of speaking came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// There is more to say.
    More,
    /// All of it; for every word the sample at which it ends.
    Done(Vec<u32>),
    /// The taker had enough.
    Stopped,
}

/// The voices of this worker.
pub struct Voices {
    espeak: Espeak,
    piper: HashMap<String, Piper>,
    /// Names that manifests give to espeak's voices.
    named: HashMap<String, String>,
    gains: HashMap<String, f32>,
    rates: HashMap<(u32, u32), Rates>,
    told: HashSet<String>,
}

/// A name that was looked up.
#[derive(Debug, Clone)]
enum Found {
    /// espeak's own name of the voice, chosen already.
    Espeak(String),
    Piper(String),
}

impl Voices {
    /// With espeak-ng only.
    pub fn new(espeak: Espeak) -> Self {
        Voices {
            espeak,
            piper: HashMap::new(),
            named: HashMap::new(),
            gains: HashMap::new(),
            rates: HashMap::new(),
            told: HashSet::new(),
        }
    }

    /// Adds a Piper voice under its manifest's name.
    pub fn add(&mut self, name: String, voice: Piper) {
        self.piper.insert(name, voice);
    }

    /// Adds the name of a manifest that stands for one of espeak's voices.
    pub fn name(&mut self, manifest: &Manifest) {
        if let Some(tts) = manifest.tts.as_ref().filter(|tts| !tts.voice.is_empty()) {
            self.named.insert(manifest.name.clone(), tts.voice.clone());
        }
    }

    /// Names and versions, for people.
    pub fn about(&self) -> String {
        let name = |(name, voice): (&String, &Piper)| match voice.streams() {
            true => name.clone(),
            false => format!("{name} (whole sentences)"),
        };
        let mut names: Vec<String> = self.piper.iter().map(name).collect();
        names.sort_unstable();
        let piper = if names.is_empty() { String::new() } else { format!(", Piper voices {}", names.join(", ")) };
        format!("espeak-ng {}{piper}", self.espeak.version())
    }

    /// Speaks once with every loaded voice, so that the first caller does not wait for it.
    pub fn warm(&mut self) -> Result<(), Error> {
        let loaded: Vec<String> = self.piper.keys().cloned().collect();
        for name in loaded {
            self.gain(&Found::Piper(name))?;
        }
        let last_resort = self.espeak_voice(LAST_RESORT).ok_or_else(no_last_resort)?;
        self.gain(&last_resort)?;
        for line in LINE_RATES {
            self.rates(self.espeak.rate(), line)?;
        }
        Ok(())
    }

    /// Begins to speak `text`; its samples will be at `rate`.
    pub fn begin(&mut self, name: &str, text: &str, rate: u32, speed: f32) -> Result<Speech, Error> {
        let voice = self.find(name)?;
        let gain = self.gain(&voice)?;
        let line = Line::new(text);
        let rates = self.rates(self.rate(&voice), rate)?;
        let mastering = Mastering::new(&rates, gain, line.words());
        let piper = self.begin_piper(&voice, &line, speed)?;
        Ok(Speech { voice, line, speed, mastering, piper })
    }

    /// Speaks on for a bit: a chunk of a Piper voice, all of espeak's. Pieces go to `out` as they
    /// are made, until it answers [`Flow::Stop`].
    pub fn go_on(&mut self, speech: &mut Speech, out: &mut dyn FnMut(Vec<i16>) -> Flow) -> Result<Made, Error> {
        let Speech { voice, line, speed, mastering, piper } = speech;
        let mut sending = Sending { mastering, out };
        let flow = self.take(voice, line, *speed, piper, &mut sending)?;
        match flow {
            Some(Flow::Go) => Ok(Made::More),
            Some(Flow::Stop) => Ok(Made::Stopped),
            None => {
                let word_ends = sending.mastering.finish();
                Ok(if sending.send() == Flow::Go { Made::Done(word_ends) } else { Made::Stopped })
            }
        }
    }

    fn begin_piper(&mut self, voice: &Found, line: &Line, speed: f32) -> Result<Option<piper::Speech>, Error> {
        match voice {
            Found::Piper(name) => match self.piper.get(name) {
                Some(piper) => piper.begin(&mut self.espeak, line, speed).map(Some),
                None => Ok(None),
            },
            Found::Espeak(_) => Ok(None),
        }
    }

    fn rates(&mut self, voice: u32, line: u32) -> Result<Rates, Error> {
        if let Some(rates) = self.rates.get(&(voice, line)) {
            return Ok(rates.clone());
        }
        let rates = Rates::new(voice, line)?;
        if self.rates.len() < REMEMBERED {
            self.rates.insert((voice, line), rates.clone());
        }
        Ok(rates)
    }

    fn rate(&self, voice: &Found) -> u32 {
        match voice {
            Found::Espeak(_) => self.espeak.rate(),
            Found::Piper(name) => self.piper.get(name).map_or(self.espeak.rate(), Piper::rate),
        }
    }

    /// The next bit of a voice; none when it has said all.
    fn take(
        &mut self,
        voice: &Found,
        line: &Line,
        speed: f32,
        speech: &mut Option<piper::Speech>,
        take: &mut dyn Take,
    ) -> Result<Option<Flow>, Error> {
        match voice {
            Found::Piper(name) => match (self.piper.get_mut(name), speech) {
                (Some(piper), Some(speech)) => piper.next(speech, line, take),
                _ => Ok(None),
            },
            Found::Espeak(name) => {
                self.espeak.choose(name);
                let flow = speak_espeak(&mut self.espeak, line, speed, take)?;
                Ok((flow == Flow::Stop).then_some(flow))
            }
        }
    }

    /// The gain of a voice, measured the first time.
    fn gain(&mut self, voice: &Found) -> Result<f32, Error> {
        let (Found::Espeak(name) | Found::Piper(name)) = voice;
        let key = match voice {
            Found::Espeak(_) => format!("{ESPEAK}{name}"),
            Found::Piper(_) => name.clone(),
        };
        if let Some(gain) = self.gains.get(&key) {
            return Ok(*gain);
        }
        let mut meter = Meter::default();
        let line = Line::new(MEASURE);
        let mut speech = self.begin_piper(voice, &line, 1.0)?;
        while self.take(voice, &line, 1.0, &mut speech, &mut meter)?.is_some() {}
        let gain = meter.gain(self.rate(voice));
        if self.gains.len() < REMEMBERED {
            self.gains.insert(key, gain);
        }
        Ok(gain)
    }

    /// The voice of this name; else espeak's of the language that the name begins with; else
    /// the last resort. Says so in the log, once a name.
    fn find(&mut self, name: &str) -> Result<Found, Error> {
        if self.piper.contains_key(name) {
            return Ok(Found::Piper(name.to_owned()));
        }
        if let Some(found) = self.named.get(name).cloned().and_then(|voice| self.espeak_voice(&voice)) {
            return Ok(found);
        }
        if let Some(found) = name.strip_prefix(ESPEAK).and_then(|voice| self.espeak_voice(voice)) {
            return Ok(found);
        }
        let language = language(name);
        let primary = language.split('-').next().unwrap_or_default().to_owned();
        let instead = [language.as_str(), primary.as_str(), LAST_RESORT]
            .into_iter()
            .find_map(|voice| self.espeak_voice(voice))
            .ok_or_else(no_last_resort)?;
        self.tell(name, &instead);
        Ok(instead)
    }

    fn espeak_voice(&mut self, voice: &str) -> Option<Found> {
        (is_name(voice) && self.espeak.choose(voice)).then(|| Found::Espeak(voice.to_owned()))
    }

    fn tell(&mut self, name: &str, instead: &Found) {
        let (Found::Espeak(voice) | Found::Piper(voice)) = instead;
        if self.told.len() < REMEMBERED && self.told.insert(name.to_owned()) {
            eprintln!("callbox-tts: no voice is named {name:?}; {ESPEAK}{voice} speaks instead");
        }
    }
}

/// Samples on their way through the mastering to whoever takes them.
struct Sending<'a> {
    mastering: &'a mut Mastering,
    out: &'a mut dyn FnMut(Vec<i16>) -> Flow,
}

impl Sending<'_> {
    fn send(&mut self) -> Flow {
        while let Some(piece) = self.mastering.piece() {
            if (self.out)(piece) == Flow::Stop {
                return Flow::Stop;
            }
        }
        Flow::Go
    }
}

impl Take for Sending<'_> {
    fn word(&mut self, word: usize, sample: u32) {
        self.mastering.word(word, sample);
    }

    fn samples(&mut self, samples: &[i16]) -> Flow {
        let _ = self.mastering.samples(samples);
        self.send()
    }
}

fn no_last_resort() -> Error {
    Error::EspeakVoice { voice: LAST_RESORT.to_owned() }
}

/// Names of espeak's voices are opened as files: nothing that could be a path gets there.
fn is_name(voice: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let (base, variant) = voice.split_once('+').unwrap_or((voice, "m1"));
    voice.len() <= 64 && !base.is_empty() && !variant.is_empty() && base.chars().chain(variant.chars()).all(plain)
}

/// The language that a voice's name begins with, as espeak names it: `en_US-lessac-medium` and
/// `espeak-en-us+x` give `en-us`, `de-thorsten` gives `de`.
fn language(name: &str) -> String {
    let name = name.strip_prefix(ESPEAK).unwrap_or(name).to_ascii_lowercase().replace('_', "-");
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(name.len());
    let base = name.get(..end).unwrap_or_default();
    let mut parts = base.split('-');
    let primary = parts.next().unwrap_or_default();
    match parts.next() {
        Some(region) if region.len() == 2 => format!("{primary}-{region}"),
        _ => primary.to_owned(),
    }
}

/// Lets espeak speak, with every word announced just before its first sample.
fn speak_espeak(espeak: &mut Espeak, line: &Line, speed: f32, take: &mut dyn Take) -> Result<Flow, Error> {
    let mut at: u32 = 0;
    let mut outcome = Flow::Go;
    espeak.speak(line.text(), speed, &mut |samples: &[i16], words: &[WordStart]| {
        let mut handed = 0;
        for word in words {
            let start = (word.sample.saturating_sub(at) as usize).clamp(handed, samples.len());
            outcome = take.samples(samples.get(handed..start).unwrap_or_default());
            if outcome == Flow::Stop {
                return outcome;
            }
            handed = start;
            if let Some(number) = line.word_at(word.character) {
                take.word(number, word.sample);
            }
        }
        outcome = take.samples(samples.get(handed..).unwrap_or_default());
        at = at.saturating_add(u32::try_from(samples.len()).unwrap_or(u32::MAX));
        outcome
    })?;
    Ok(outcome)
}
