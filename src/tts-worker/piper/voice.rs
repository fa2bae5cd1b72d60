use engine::manifest::Manifest;
use engine::verify::read_verified;
use onnx::Runtime;

use super::graph::MAX_IDS;
use super::{Config, Graph, Stretch, ends_sentence, stretch, with_mark};
use crate::espeak::Espeak;
use crate::text::Line;
use crate::{Error, Flow, Take};

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
        let graph = Graph::load(runtime, &read_verified(onnx)?)?;
        let speaker = manifest.tts.as_ref().map(|tts| tts.voice.as_str()).filter(|voice| !voice.is_empty());
        let speaker = config.speaker(speaker);
        Ok(Piper { config, graph, speaker })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.config.sample_rate()
    }

    /// Speaks a line, passage by passage.
    pub fn speak(&mut self, espeak: &mut Espeak, line: &Line, speed: f32, take: &mut dyn Take) -> Result<Flow, Error> {
        let scales = self.config.scales(speed);
        let mut at = 0;
        for passage in self.passages(espeak, line)? {
            let samples = self.graph.run(&passage.stretch.ids, scales, self.speaker)?;
            if hand_over(&passage, line, &samples, at, take) == Flow::Stop {
                return Ok(Flow::Stop);
            }
            at += samples.len();
        }
        Ok(Flow::Go)
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

/// Hands over the samples of a passage with the estimated starts of its words: each gets the
/// share of the time that its phonemes have (its letters, where espeak joined or split words).
fn hand_over(passage: &Passage, line: &Line, samples: &[i16], at: usize, take: &mut dyn Take) -> Flow {
    let words = line.words_between(passage.from, passage.to);
    let by_phoneme = passage.stretch.groups.len() == words.len();
    let weights: Vec<usize> =
        if by_phoneme { passage.stretch.groups.clone() } else { words.iter().map(|word| word.length).collect() };
    let all: usize = weights.iter().sum::<usize>().max(1);
    let (mut before, mut handed) = (0, 0);
    for (word, weight) in words.iter().zip(weights) {
        let start = samples.len() * before / all;
        let flow = take.samples(samples.get(handed..start).unwrap_or_default());
        if flow == Flow::Stop {
            return flow;
        }
        handed = start;
        take.word(word.number, u32::try_from(at + start).unwrap_or(u32::MAX));
        before += weight;
    }
    take.samples(samples.get(handed..).unwrap_or_default())
}
