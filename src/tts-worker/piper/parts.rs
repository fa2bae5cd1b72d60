//! A Piper voice whose sentences leave while they are made: the encoder runs once, flow and decoder
//! on windows of its frames.
//!
//! Every sample is the one that a single run over all frames would give, to the last bit. A window
//! holds what its frames reach for; and it is never shorter than [`LEAST_WINDOW`], below which ONNX
//! Runtime's matrix product adds its terms in another order.

use onnx::{Runtime, Session, SessionInputValue, SessionOutputs, Tensor};

use super::cut::{Cut, Part, cut};
use super::graph::failed;
use crate::Error;

/// Frames of a window at least (MlasGemm: columns at or below half its stride of 128 change the
/// stride over its terms).
const LEAST_WINDOW: usize = 65;
/// Frames of the later chunks: 1.5 s at 22 kHz. Longer ones hold up other calls, shorter ones
/// compute more frames twice.
const CHUNK: usize = 128;
/// The same for the flow, which is cheaper and reaches further.
const FLOW_CHUNK: usize = 512;
/// Frames of a sentence at most: two minutes.
const MOST_FRAMES: usize = 16_384;
/// How far the two ways of computing may be apart in a sample from -1 to 1. Sums are taken in another
/// order, no more.
const TOLERANCE: f32 = 1e-3;

/// What is being loaded, for people.
const PART: &str = "a part of the voice";

/// A graph in three parts.
pub struct Parts {
    head: Session,
    flow: (Session, Part),
    decoder: (Session, Part),
    durations: Option<String>,
    hop: usize,
}

/// A sentence being made.
pub struct Sound {
    prior: Frames,
    latent: Frames,
    extras: Vec<(String, Frames)>,
    /// Frames of each phoneme number, where the graph tells.
    pub durations: Vec<f32>,
    /// Frames whose samples have left.
    sent: usize,
    at_once: bool,
}

/// A matrix of frames: so many channels, so many columns.
#[derive(Debug, Clone, Default)]
struct Frames {
    channels: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Frames {
    fn of(shape: &[i64], values: &[f32]) -> Option<Self> {
        let columns = usize::try_from(*shape.last()?).ok().filter(|columns| (1..=MOST_FRAMES).contains(columns))?;
        let channels = values.len() / columns;
        (channels * columns == values.len() && channels > 0).then(|| Frames {
            channels,
            columns,
            values: values.to_vec(),
        })
    }

    /// Columns `from` to `to`; all where there is only one, the same for every frame.
    fn window(&self, from: usize, to: usize) -> Frames {
        if self.columns == 1 {
            return self.clone();
        }
        let rows = self.values.chunks_exact(self.columns.max(1));
        let values = rows.flat_map(|row| row.get(from..to).unwrap_or_default()).copied().collect();
        Frames { channels: self.channels, columns: to.saturating_sub(from), values }
    }

    /// Appends columns.
    fn extend(&mut self, more: &Frames) {
        if self.columns == 0 {
            self.clone_from(more);
            return;
        }
        let rows = self.values.chunks_exact(self.columns).zip(more.values.chunks_exact(more.columns.max(1)));
        self.values = rows.flat_map(|(row, more)| row.iter().chain(more)).copied().collect();
        self.columns += more.columns;
    }
}

impl Sound {
    /// Frames in all.
    pub fn frames(&self) -> usize {
        self.prior.columns
    }

    /// All in one piece, from one run of each part.
    pub fn at_once(&mut self) {
        self.at_once = true;
    }
}

impl Parts {
    /// Cuts a graph and loads the parts; none where it is not built like a Piper voice.
    pub fn load(runtime: &Runtime, model: &[u8]) -> Option<Self> {
        let Cut { head, durations, flow, decoder, hop } = cut(model)?;
        let load =
            |part: Part| runtime.graph(PART, &part.model).ok().map(|loaded| (loaded, Part { model: vec![], ..part }));
        let head = runtime.graph(PART, &head).ok()?;
        Some(Parts { head, flow: load(flow)?, decoder: load(decoder)?, durations, hop })
    }

    /// Samples of a frame.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Runs the encoder.
    pub fn begin(&mut self, inputs: Vec<(String, SessionInputValue<'_>)>) -> Result<Sound, Error> {
        let odd = || Error::Onnx { doing: "speaking", why: "a part of the graph gave no frames".into() };
        let outputs = self.head.run(inputs).map_err(failed)?;
        let taken = |name: &str| frames_of(&outputs, name).ok_or_else(odd);
        let prior = taken(&self.flow.1.frames)?;
        let names = self.flow.1.extras.iter().chain(&self.decoder.1.extras);
        let extras: Vec<_> = names.map(|name| Ok((name.clone(), taken(name)?))).collect::<Result<_, Error>>()?;
        let fits = |extra: &Frames| extra.columns == prior.columns || extra.columns == 1;
        if !extras.iter().all(|(_, extra)| fits(extra)) {
            return Err(odd());
        }
        let durations = self.durations.as_ref().and_then(|name| frames_of(&outputs, name));
        let durations = durations.map(|frames| frames.values).unwrap_or_default();
        Ok(Sound { prior, latent: Frames::default(), extras, durations, sent: 0, at_once: false })
    }

    /// The next samples; none when all have left.
    pub fn next(&mut self, sound: &mut Sound) -> Result<Option<Vec<f32>>, Error> {
        let all = sound.prior.columns;
        if sound.sent >= all {
            return Ok(None);
        }
        let reach = self.decoder.1.reach;
        let chunk = if sound.sent == 0 { LEAST_WINDOW.saturating_sub(reach).max(LEAST_WINDOW / 4) } else { CHUNK };
        let rest = all - sound.sent;
        let to = if sound.at_once || rest < chunk + chunk / 2 { all } else { sound.sent + chunk };
        let (from, end) = window(sound.sent, to, reach, all);
        self.flow_until(sound, end)?;
        let frames = sound.latent.window(from, end);
        let samples = run(&mut self.decoder, &frames, (from, end), &sound.extras)?;
        if samples.len() != (end - from) * self.hop {
            return Err(Error::Onnx {
                doing: "speaking",
                why: "the decoder gave another length than its frames".into(),
            });
        }
        let mine = samples.get((sound.sent - from) * self.hop..(to - from) * self.hop).unwrap_or_default().to_vec();
        sound.sent = to;
        Ok(Some(mine))
    }

    /// Has the latent frames up to `end` made: few for the first chunk, then many at a time.
    fn flow_until(&mut self, sound: &mut Sound, end: usize) -> Result<(), Error> {
        let (done, all) = (sound.latent.columns, sound.prior.columns);
        if done >= end {
            return Ok(());
        }
        let reach = self.flow.1.reach;
        let step = if done == 0 { end } else { FLOW_CHUNK };
        let to = if sound.at_once || all - done < step + step / 2 + 2 * reach { all } else { (done + step).max(end) };
        let (from, until) = window(done, to, reach, all);
        let frames = sound.prior.window(from, until);
        let values = run(&mut self.flow, &frames, (from, until), &sound.extras)?;
        if values.len() != frames.values.len() {
            return Err(Error::Onnx { doing: "speaking", why: "the flow gave another length than its frames".into() });
        }
        let made = Frames { values, ..frames };
        sound.latent.extend(&made.window(done - from, to - from));
        Ok(())
    }

    /// Says whether it speaks as the whole graph does, which gave `right` of the same inputs.
    pub fn agrees(&mut self, inputs: Vec<(String, SessionInputValue<'_>)>, right: &[f32]) -> bool {
        let Ok(mut sound) = self.begin(inputs) else { return false };
        let mut spoken = Vec::with_capacity(right.len());
        while let Ok(Some(samples)) = self.next(&mut sound) {
            spoken.extend(samples);
        }
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= TOLERANCE;
        spoken.len() == right.len() && spoken.iter().zip(right).all(near)
    }
}

/// Frames to compute so that `from..to` come out right.
fn window(from: usize, to: usize, reach: usize, all: usize) -> (usize, usize) {
    let end = (to + reach).min(all);
    let start = from.saturating_sub(reach).min(end.saturating_sub(LEAST_WINDOW));
    (start, end.max(LEAST_WINDOW.min(all)))
}

fn run(
    (session, part): &mut (Session, Part),
    frames: &Frames,
    (from, to): (usize, usize),
    extras: &[(String, Frames)],
) -> Result<Vec<f32>, Error> {
    let mut inputs: Vec<(String, SessionInputValue<'_>)> = vec![(part.frames.clone(), tensor(frames, part.flat)?)];
    for (name, extra) in extras.iter().filter(|(name, _)| part.extras.contains(name)) {
        if !inputs.iter().any(|(known, _)| known == name) {
            inputs.push((name.clone(), tensor(&extra.window(from, to), part.flat)?));
        }
    }
    let outputs = session.run(inputs).map_err(failed)?;
    let output = outputs.iter().next().map(|(_, output)| output);
    let output = output.ok_or_else(|| Error::Onnx { doing: "speaking", why: "a part has no output".into() })?;
    let (_, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
    Ok(values.to_vec())
}

fn tensor(frames: &Frames, flat: bool) -> Result<SessionInputValue<'static>, Error> {
    let (channels, columns) = (frames.channels as i64, frames.columns as i64);
    let shape = if flat { vec![1, channels, 1, columns] } else { vec![1, channels, columns] };
    Ok(Tensor::from_array((shape, frames.values.clone())).map_err(failed)?.into())
}

fn frames_of(outputs: &SessionOutputs<'_>, name: &str) -> Option<Frames> {
    let (shape, values) = outputs.get(name)?.try_extract_tensor::<f32>().ok()?;
    Frames::of(shape, values)
}
