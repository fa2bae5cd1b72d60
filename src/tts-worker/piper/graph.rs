//! A Piper graph on ONNX Runtime: phoneme numbers in, samples out.

use onnx::{GraphError, Runtime, Session, Tensor};

use crate::Error;

/// Longest stretch given to a graph at once, in phoneme numbers (about a minute of speech).
pub const MAX_IDS: usize = 4_096;
/// Longest audio taken from a graph at once, in samples: two minutes at 48 kHz.
const MAX_SAMPLES: usize = 120 * 48_000;

/// One loaded graph.
pub struct Graph {
    session: Session,
    speakers: bool,
}

impl Graph {
    /// Parses a graph whose bytes have been checked.
    pub fn load(runtime: &Runtime, model: &[u8]) -> Result<Self, Error> {
        let session = runtime.graph("the voice", model)?;
        let has = |name: &str| session.inputs().iter().any(|input| input.name() == name);
        if !(has("input") && has("input_lengths") && has("scales")) {
            let why = "it lacks the inputs of a Piper voice (input, input_lengths, scales)".into();
            return Err(Error::Onnx { doing: "loading the voice", why });
        }
        let speakers = has("sid");
        Ok(Graph { session, speakers })
    }

    /// Speaks one stretch.
    pub fn run(&mut self, ids: &[i64], scales: [f32; 3], speaker: i64) -> Result<Vec<i16>, Error> {
        let failed = |error: GraphError| Error::Onnx { doing: "speaking", why: error.to_string() };
        let ids = ids.get(..MAX_IDS.min(ids.len())).unwrap_or_default().to_vec();
        let length = ids.len() as i64;
        let input = Tensor::from_array(([1, length], ids)).map_err(failed)?;
        let lengths = Tensor::from_array(([1], vec![length])).map_err(failed)?;
        let scales = Tensor::from_array(([3], scales.to_vec())).map_err(failed)?;
        let mut inputs = onnx::inputs!["input" => input, "input_lengths" => lengths, "scales" => scales];
        if self.speakers {
            let speaker = Tensor::from_array(([1], vec![speaker])).map_err(failed)?;
            inputs.push(("sid".into(), speaker.into()));
        }
        let outputs = self.session.run(inputs).map_err(failed)?;
        let (_, output) = outputs
            .iter()
            .next()
            .ok_or_else(|| Error::Onnx { doing: "speaking", why: "the graph has no output".into() })?;
        let (_, samples) = output.try_extract_tensor::<f32>().map_err(failed)?;
        Ok(samples.iter().take(MAX_SAMPLES).map(|sample| (sample * 32_767.0) as i16).collect())
    }
}
