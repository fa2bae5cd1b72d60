use std::collections::VecDeque;

use engine::manifest::Manifest;
use engine::verify::read_verified;
use onnx::Runtime;

use super::graph::MAX_IDS;
use super::{Config, Graph, Sound, Stretch, ends_sentence, stretch, with_mark};
use crate::espeak::Espeak;
use crate::text::Line;
use crate::{Error, Flow, Take};

/// Numbers that a voice is tried with when it is loaded: some seconds of speech.
const TRIAL: usize = 72;

/// A loaded Piper voice.
pub struct Piper {
    config: Config,
    graph: Graph,
    speaker: i64,
}

/// What is spoken in one run of the graph.
struct Passage {
    stretch: Stretch,
    /// Characters of the line it covers.
    from: usize,
    to: usize,
}

impl Piper {
    /// Loads the voice of a manifest; its files are checked as they are read.
    pub fn load(runtime: &Runtime, manifest: &Manifest) -> Result<Self, Error> {
        let lacking = |why: &str| Error::PiperConfig { file: manifest.path.clone(), why: why.into() };
        let [onnx, json] = manifest.files.as_slice() else {
            return Err(lacking("a Piper voice has two [[files]]: the .onnx, then its .onnx.json"));
        };
        let config = Config::parse(&read_verified(json)?, &json.path)?;
        let graph = Graph::load(runtime, &read_verified(onnx)?, &config.some_ids(TRIAL))?;
        let speaker = manifest.tts.as_ref().map(|tts| tts.voice.as_str()).filter(|voice| !voice.is_empty());
        let speaker = config.speaker(speaker);
        Ok(Piper { config, graph, speaker })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.config.sample_rate()
    }

    /// True when samples leave before their sentence is complete.
    pub fn streams(&self) -> bool {
        self.graph.streams()
    }

    /// Begins to speak a line.
    pub fn begin(&self, espeak: &mut Espeak, line: &Line, speed: f32) -> Result<Speech, Error> {
        let passages = self.passages(espeak, line)?.into();
        let scales = self.config.scales(speed);
        Ok(Speech { passages, scales, sound: None, words: VecDeque::new(), given: 0, end: 0 })
    }

    /// Makes the next piece of it; none when all has been spoken.
    pub fn next(&mut self, speech: &mut Speech, line: &Line, take: &mut dyn Take) -> Result<Option<Flow>, Error> {
        loop {
            if let Some(sound) = &mut speech.sound
                && let Some(samples) = self.graph.next(sound)?
            {
                return Ok(Some(speech.hand_over(&samples, take)));
            }
            let Some(passage) = speech.passages.pop_front() else { return Ok(None) };
            let sound = self.graph.begin(&passage.stretch.ids, speech.scales, self.speaker)?;
            let length = self.graph.length(&sound);
            let begin = speech.end;
            let starts = self.graph.starts(&sound, passage.stretch.ids.len());
            let starts = word_starts(&passage, line, length, starts.as_deref());
            speech.words.extend(starts.into_iter().map(|(word, at)| (word, begin + at)));
            speech.end = begin + length;
            speech.sound = Some(sound);
        }
    }

    /// The first clause alone, so that it is heard early; then whole sentences, whose melody
    /// the voice knows best.
    fn passages(&self, espeak: &mut Espeak, line: &Line) -> Result<Vec<Passage>, Error> {
        let voice = self.config.espeak_voice();
        if !espeak.choose(voice) {
            return Err(Error::EspeakVoice { voice: voice.to_owned() });
        }
        let mut passages: Vec<Passage> = Vec::new();
        let (mut phonemes, mut from, mut at) = (String::new(), 0, 0);
        let clauses = espeak.phonemes(line.text())?;
        let last = clauses.len().saturating_sub(1);
        for (i, (written, spoken)) in clauses.iter().enumerate() {
            at += written.chars().count();
            if !phonemes.is_empty() {
                phonemes.push(' ');
            }
            phonemes.push_str(&with_mark(written, spoken));
            let long = phonemes.chars().count() * 2 > MAX_IDS / 2;
            if i == 0 || i == last || ends_sentence(written) || long {
                passages.push(Passage { stretch: stretch(&phonemes, &self.config), from, to: at });
                phonemes.clear();
                from = at;
            }
        }
        Ok(passages)
    }
}

/// A line being spoken.
pub struct Speech {
    passages: VecDeque<Passage>,
    scales: [f32; 3],
    sound: Option<Sound>,
    /// Words that have not begun, each with the sample at which it will.
    words: VecDeque<(usize, usize)>,
    given: usize,
    /// Where the passage under way ends.
    end: usize,
}

impl Speech {
    /// Hands samples over, every word announced before its first.
    fn hand_over(&mut self, samples: &[i16], take: &mut dyn Take) -> Flow {
        let (from, to) = (self.given, self.given + samples.len());
        self.given = to;
        let mut handed = 0;
        while let Some((word, start)) = self.words.front().copied().filter(|(_, start)| *start < to) {
            self.words.pop_front();
            let here = start.saturating_sub(from).max(handed);
            if take.samples(samples.get(handed..here).unwrap_or_default()) == Flow::Stop {
                return Flow::Stop;
            }
            handed = here;
            take.word(word, u32::try_from(start).unwrap_or(u32::MAX));
        }
        take.samples(samples.get(handed..).unwrap_or_default())
    }
}

/// Where the words of a passage begin: where the graph says that their phonemes do, else each gets
/// the share of the time that its phonemes have (its letters, where espeak joined or split words).
fn word_starts(passage: &Passage, line: &Line, length: usize, of_ids: Option<&[usize]>) -> Vec<(usize, usize)> {
    let words = line.words_between(passage.from, passage.to);
    let Stretch { groups, begins, .. } = &passage.stretch;
    let by_phoneme = groups.len() == words.len();
    if let (Some(of_ids), true) = (of_ids, by_phoneme) {
        let starts = begins.iter().map(|id| of_ids.get(*id).copied().unwrap_or(length).min(length));
        return words.iter().map(|word| word.number).zip(starts).collect();
    }
    let weights: Vec<usize> = if by_phoneme { groups.clone() } else { words.iter().map(|word| word.length).collect() };
    let all: usize = weights.iter().sum::<usize>().max(1);
    let mut before = 0;
    let start = |weight: usize| {
        let start = length * before / all;
        before += weight;
        start
    };
    words.iter().map(|word| word.number).zip(weights.into_iter().map(start)).collect()
}
