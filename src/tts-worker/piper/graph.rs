//! A Piper graph on ONNX Runtime: phoneme numbers in, samples out.

use onnx::{GraphError, Runtime, Session, SessionInputValue, Tensor};

use super::parts::{self, Parts};
use crate::Error;

/// Longest stretch given to a graph at once, in phoneme numbers (about a minute of speech).
pub const MAX_IDS: usize = 4_096;
/// Longest audio taken from a graph at once, in samples: two minutes at 48 kHz.
const MAX_SAMPLES: usize = 120 * 48_000;

pub(super) fn failed(error: GraphError) -> Error {
    Error::Onnx { doing: "speaking", why: error.to_string() }
}

/// One loaded graph.
pub struct Graph {
    how: How,
    speakers: bool,
}

enum How {
    /// A sentence at a time.
    Whole(Box<Session>),
    /// Within sentences.
    Parts(Box<Parts>),
}

/// A stretch being spoken.
pub struct Sound(Making);

enum Making {
    Whole(Option<Vec<f32>>),
    Parts(parts::Sound),
}

impl Sound {
    /// Makes all of it in one piece: what the pieces are held against.
    pub fn at_once(mut self) -> Self {
        if let Making::Parts(sound) = &mut self.0 {
            sound.at_once();
        }
        self
    }
}

impl Graph {
    /// Parses a graph whose bytes have been checked. It is cut so that sentences stream if that
    /// gives, of `trial`, the very speech that the whole graph gives.
    pub fn load(runtime: &Runtime, model: &[u8], trial: &[i64]) -> Result<Self, Error> {
        let whole = runtime.graph("the voice", model)?;
        let has = |name: &str| whole.inputs().iter().any(|input| input.name() == name);
        if !(has("input") && has("input_lengths") && has("scales")) {
            let why = "it lacks the inputs of a Piper voice (input, input_lengths, scales)".into();
            return Err(Error::Onnx { doing: "loading the voice", why });
        }
        let speakers = has("sid");
        let mut graph = Graph { how: How::Whole(Box::new(whole)), speakers };
        if let Some(mut parts) = Parts::load(runtime, model) {
            let silent_noise = [0.0, 1.0, 0.0]; // so that both speak alike
            if let Making::Whole(Some(right)) = graph.begin(trial, silent_noise, 0)?.0
                && parts.agrees(inputs(trial, silent_noise, speakers.then_some(0))?, &right)
            {
                graph.how = How::Parts(Box::new(parts));
            }
        }
        Ok(graph)
    }

    /// True when samples leave before their sentence is complete.
    pub fn streams(&self) -> bool {
        matches!(self.how, How::Parts(_))
    }

    /// Begins to speak one stretch.
    pub fn begin(&mut self, ids: &[i64], scales: [f32; 3], speaker: i64) -> Result<Sound, Error> {
        let inputs = inputs(ids, scales, self.speakers.then_some(speaker))?;
        let making = match &mut self.how {
            How::Parts(parts) => Making::Parts(parts.begin(inputs)?),
            How::Whole(session) => {
                let outputs = session.run(inputs).map_err(failed)?;
                let output = outputs.iter().next().map(|(_, output)| output);
                let output =
                    output.ok_or_else(|| Error::Onnx { doing: "speaking", why: "the graph has no output".into() })?;
                let (_, samples) = output.try_extract_tensor::<f32>().map_err(failed)?;
                Making::Whole(Some(samples.iter().take(MAX_SAMPLES).copied().collect()))
            }
        };
        Ok(Sound(making))
    }

    /// Its next samples; none when all have been given.
    pub fn next(&mut self, sound: &mut Sound) -> Result<Option<Vec<i16>>, Error> {
        let samples = match (&mut sound.0, &mut self.how) {
            (Making::Whole(samples), _) => samples.take(),
            (Making::Parts(sound), How::Parts(parts)) => parts.next(sound)?,
            (Making::Parts(_), How::Whole(_)) => None,
        };
        Ok(samples.map(|samples| samples.iter().map(|sample| (sample * 32_767.0) as i16).collect()))
    }

    /// Samples of the stretch in all.
    pub fn length(&self, sound: &Sound) -> usize {
        match (&sound.0, &self.how) {
            (Making::Whole(samples), _) => samples.as_ref().map_or(0, Vec::len),
            (Making::Parts(sound), How::Parts(parts)) => sound.frames() * parts.hop(),
            (Making::Parts(_), How::Whole(_)) => 0,
        }
    }

    /// Where, of that length, each phoneme number begins, if the graph tells.
    pub fn starts(&self, sound: &Sound, ids: usize) -> Option<Vec<usize>> {
        let (Making::Parts(sound), How::Parts(parts)) = (&sound.0, &self.how) else { return None };
        let fits = sound.durations.len() == ids && sound.durations.iter().all(|frames| *frames >= 0.0);
        let mut at = 0.0;
        let begin = |frames: &f32| {
            let begins = at;
            at += frames;
            begins as usize * parts.hop()
        };
        fits.then(|| sound.durations.iter().map(begin).collect())
    }
}

fn inputs(
    ids: &[i64],
    scales: [f32; 3],
    speaker: Option<i64>,
) -> Result<Vec<(String, SessionInputValue<'static>)>, Error> {
    let ids = ids.get(..MAX_IDS.min(ids.len())).unwrap_or_default().to_vec();
    let length = ids.len() as i64;
    let mut inputs: Vec<(String, SessionInputValue<'static>)> = vec![
        ("input".into(), Tensor::from_array(([1, length], ids)).map_err(failed)?.into()),
        ("input_lengths".into(), Tensor::from_array(([1], vec![length])).map_err(failed)?.into()),
        ("scales".into(), Tensor::from_array(([3], scales.to_vec())).map_err(failed)?.into()),
    ];
    if let Some(speaker) = speaker {
        inputs.push(("sid".into(), Tensor::from_array(([1], vec![speaker])).map_err(failed)?.into()));
    }
    Ok(inputs)
}
