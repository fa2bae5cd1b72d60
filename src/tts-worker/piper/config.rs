//! The `.onnx.json` beside a Piper voice.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::Error;

/// Longest configuration read, in bytes; real ones are under 20 KB, with many speakers 100 KB.
const MAX_BYTES: usize = 1 << 20;

/// What the worker needs of it; all other fields are let be.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    audio: Audio,
    espeak: EspeakVoice,
    #[serde(default)]
    inference: Inference,
    #[serde(default)]
    phoneme_type: PhonemeType,
    /// Numbers of each phoneme; a phoneme is one character or several.
    phoneme_id_map: HashMap<String, Vec<i64>>,
    #[serde(default)]
    num_speakers: u32,
    #[serde(default)]
    speaker_id_map: HashMap<String, i64>,
}

#[derive(Debug, Clone, Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct EspeakVoice {
    voice: String,
}

/// How lively a voice speaks; the values Piper takes where a configuration has none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Default for Inference {
    fn default() -> Self {
        Inference { noise_scale: 0.667, length_scale: 1.0, noise_w: 0.8 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PhonemeType {
    #[default]
    Espeak,
    #[serde(other)]
    Other,
}

impl Config {
    /// Parses and checks a configuration; `file` is for the error only.
    pub fn parse(json: &[u8], file: &Path) -> Result<Self, Error> {
        let wrong = |why: String| Error::PiperConfig { file: file.to_path_buf(), why };
        if json.len() > MAX_BYTES {
            return Err(wrong(format!("{} bytes is too long for a voice's configuration", json.len())));
        }
        let config: Config = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        config.check().map_err(wrong)?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.phoneme_type != PhonemeType::Espeak {
            return Err("only voices with \"phoneme_type\": \"espeak\" can be spoken".into());
        }
        if !(8_000..=48_000).contains(&self.audio.sample_rate) {
            return Err(format!("audio.sample_rate is {}, not 8000 to 48000", self.audio.sample_rate));
        }
        for needed in ["_", "^", "$"] {
            if self.ids(needed).is_none() {
                return Err(format!("phoneme_id_map lacks \"{needed}\" (pad, begin, end)"));
            }
        }
        let Inference { noise_scale, length_scale, noise_w } = self.inference;
        let fit = |value: f32, most: f32| value.is_finite() && (0.0..=most).contains(&value);
        if !fit(noise_scale, 2.0) || !fit(noise_w, 2.0) || !fit(length_scale, 10.0) || length_scale < 0.1 {
            return Err("an inference scale is out of its range (noise 0 to 2, length 0.1 to 10)".into());
        }
        Ok(())
    }

    /// Samples a second.
    pub fn sample_rate(&self) -> u32 {
        self.audio.sample_rate
    }

    /// The espeak voice whose phonemes it was trained on.
    pub fn espeak_voice(&self) -> &str {
        &self.espeak.voice
    }

    /// Numbers of one phoneme.
    pub fn ids(&self, phoneme: &str) -> Option<&[i64]> {
        self.phoneme_id_map.get(phoneme).map(Vec::as_slice).filter(|ids| !ids.is_empty())
    }

    /// So many numbers as speech has them, to try a voice with.
    pub fn some_ids(&self, count: usize) -> Vec<i64> {
        let mut known: Vec<i64> = self.phoneme_id_map.values().filter_map(|ids| ids.first()).copied().collect();
        known.sort_unstable();
        known.into_iter().cycle().take(count).collect()
    }

    /// Characters of the longest phoneme.
    pub fn longest_phoneme(&self) -> usize {
        self.phoneme_id_map.keys().map(|key| key.chars().count()).max().unwrap_or(1)
    }

    /// The `scales` input at this speed.
    pub fn scales(&self, speed: f32) -> [f32; 3] {
        let speed = if speed.is_finite() { speed.clamp(0.5, 2.5) } else { 1.0 };
        [self.inference.noise_scale, self.inference.length_scale / speed, self.inference.noise_w]
    }

    /// Number of a speaker by name (or number, as text); the first one for no or an unknown name.
    pub fn speaker(&self, name: Option<&str>) -> i64 {
        let Some(name) = name else { return 0 };
        let by_name = self.speaker_id_map.get(name).copied();
        by_name.or_else(|| name.parse().ok()).filter(|id| (0..i64::from(self.num_speakers)).contains(id)).unwrap_or(0)
    }
}
