use audio::mel::{BANDS, FRAMES, LogMel};
use engine::{Error, Manifest, verify};
use onnx::{Runtime, Session, Tensor};

/// The network's input: Whisper's log-mel of the last 8 s.
const INPUT: &str = "input_features";

/// Hears whether a caller has finished: Smart Turn, or a network with its input and output.
pub struct TurnEar {
    graph: Session,
    mel: LogMel,
}

impl std::fmt::Debug for TurnEar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TurnEar").finish_non_exhaustive()
    }
}

impl TurnEar {
    /// Checks, loads and warms the network.
    pub fn load(runtime: &Runtime, manifest: &Manifest) -> Result<Self, Error> {
        let refused = |why: &str| Error::Engine(format!("{}: {why}", manifest.path.display()));
        let file = manifest.files.first().ok_or_else(|| refused("it names no file"))?;
        let graph = runtime
            .graph("the end-of-turn network", &verify::read_verified(file)?)
            .map_err(|error| refused(&error.to_string()))?;
        if !graph.inputs().iter().any(|input| input.name() == INPUT) {
            return Err(refused(&format!("the network lacks the input {INPUT}: it must be Smart Turn 3 or alike")));
        }
        let mut ear = TurnEar { graph, mel: LogMel::default() };
        ear.finished(&[0.0; 1_600]).ok_or_else(|| refused("the network answers no probability"))?;
        Ok(ear)
    }

    /// How sure it is, 0 to 1, that who said this at 16 kHz has finished. `None` when it can't tell.
    pub fn finished(&mut self, samples: &[f32]) -> Option<f32> {
        let features = self.mel.features(samples);
        let input = Tensor::from_array(([1, BANDS as i64, FRAMES as i64], features)).ok()?;
        let outputs = self.graph.run(onnx::inputs![INPUT => input]).ok()?;
        let (_, output) = outputs.iter().next()?;
        let (_, values) = output.try_extract_tensor::<f32>().ok()?;
        values.first().copied().filter(|value| (0.0..=1.0).contains(value))
    }
}
