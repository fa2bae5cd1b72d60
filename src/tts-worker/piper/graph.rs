//! A Piper graph on ONNX Runtime: phoneme numbers in, samples out.

use std::path::{Path, PathBuf};

use ort::environment::{Environment, EnvironmentBuilder};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;

use crate::Error;

/// Longest stretch given to a graph at once, in phoneme numbers (about a minute of speech).
pub const MAX_IDS: usize = 4_096;
/// Longest audio taken from a graph at once, in samples: two minutes at 48 kHz.
const MAX_SAMPLES: usize = 120 * 48_000;

/// ONNX Runtime's code, loaded but not started: the system's own libraries that it needs can
/// only be found before the sandbox closes, and threads may only begin after that.
pub struct Library {
    builder: EnvironmentBuilder,
    path: PathBuf,
}

impl Library {
    /// Loads the library.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let builder = ort::init_from(path)
            .map_err(|error| Error::OnnxRuntime { file: path.to_path_buf(), why: error.to_string() })?;
        Ok(Library { builder, path: path.to_path_buf() })
    }

    /// Starts it, without telemetry.
    pub fn start(self) -> Result<Runtime, Error> {
        let builder = self.builder.with_name("callbox-tts").with_telemetry(false);
        let environment =
            builder.build().map_err(|error| Error::OnnxRuntime { file: self.path, why: error.to_string() })?;
        Ok(Runtime { environment })
    }
}

/// ONNX Runtime, started: one in a process.
pub struct Runtime {
    environment: Environment,
}

/// One loaded graph.
pub struct Graph {
    session: Session,
    speakers: bool,
}

impl Graph {
    /// Parses a graph whose bytes have been checked. One thread, which never spins: the cores
    /// belong to all engines.
    pub fn load(runtime: &Runtime, model: &[u8]) -> Result<Self, Error> {
        let failed = |why: String| Error::Onnx { doing: "loading the voice", why };
        let session = Session::builder(&runtime.environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|builder| Ok(builder.with_inter_threads(1)?))
            .and_then(|builder| Ok(builder.with_intra_op_spinning(false)?))
            .and_then(|builder| Ok(builder.with_inter_op_spinning(false)?))
            .and_then(|builder| Ok(builder.with_optimization_level(GraphOptimizationLevel::All)?))
            .and_then(|mut builder| builder.commit_from_memory(model))
            .map_err(|error| failed(error.to_string()))?;
        let has = |name: &str| session.inputs().iter().any(|input| input.name() == name);
        if !(has("input") && has("input_lengths") && has("scales")) {
            return Err(failed("it lacks the inputs of a Piper voice (input, input_lengths, scales)".into()));
        }
        let speakers = has("sid");
        Ok(Graph { session, speakers })
    }

    /// Speaks one stretch.
    pub fn run(&mut self, ids: &[i64], scales: [f32; 3], speaker: i64) -> Result<Vec<i16>, Error> {
        let failed = |error: ort::Error| Error::Onnx { doing: "speaking", why: error.to_string() };
        let ids = ids.get(..MAX_IDS.min(ids.len())).unwrap_or_default().to_vec();
        let length = ids.len() as i64;
        let input = Tensor::from_array(([1, length], ids)).map_err(failed)?;
        let lengths = Tensor::from_array(([1], vec![length])).map_err(failed)?;
        let scales = Tensor::from_array(([3], scales.to_vec())).map_err(failed)?;
        let mut inputs = ort::inputs!["input" => input, "input_lengths" => lengths, "scales" => scales];
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
