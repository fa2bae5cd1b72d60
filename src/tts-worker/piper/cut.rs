//! Where a Piper graph (VITS) is cut, so that the sound of a sentence can leave before its last
//! frame is made.
//!
//! ```text
//! text, speaker -> encoder, durations -> prior --cut--> flow -> latent --cut--> decoder -> samples
//!                  once                 a part of the frames at a time, with what both reach for
//! ```
//! Flow and decoder are convolutions: a frame depends on so many frames on either side and on
//! no others. Found by structure, not by names: exporters choose those.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{HashMap, HashSet};

use super::model::{Input, Model, Node};

/// Frames that a part may reach for on either side; Piper's flow has 32, its decoder 11.
const MOST_REACH: f64 = 256.0;
/// Samples of a frame; Piper's have 256.
const MOST_SAMPLES: f64 = 4_096.0;
/// From the noise to the sum with the prior there are two products.
const STEPS_FROM_NOISE: usize = 6;

/// A part that computes frames from frames.
#[derive(Debug)]
pub struct Part {
    pub model: Vec<u8>,
    /// Its input with the frames.
    pub frames: String,
    /// What else it takes from the head (the mask, the speaker).
    pub extras: Vec<String>,
    /// Frames that it reaches for on either side.
    pub reach: usize,
    /// Every tensor has a dimension of one before the last.
    pub flat: bool,
}

/// A graph in three parts.
#[derive(Debug)]
pub struct Cut {
    /// Makes the prior, then the extras, then the durations where they are known.
    pub head: Vec<u8>,
    /// Frames of each phoneme number.
    pub durations: Option<String>,
    pub flow: Part,
    pub decoder: Part,
    /// Samples of a frame.
    pub hop: usize,
}

/// Cuts a model; none where it is not built as expected.
pub fn cut(bytes: &[u8]) -> Option<Cut> {
    let model = Model::parse(bytes)?;
    let latent = latent(&model)?;
    let prior = prior(&model, latent)?;
    let output = *model.outputs.first()?;
    let mut head = model.needed_for(prior);
    let to_latent = model.needed_for(latent);
    let mut flow: HashSet<usize> = to_latent.difference(&head).copied().collect();
    let mut decoder: HashSet<usize> = model.needed_for(output).difference(&to_latent).copied().collect();
    let flow_extras = extras(&model, &mut flow, prior, &head)?;
    let decoder_extras = extras(&model, &mut decoder, latent, &head)?;
    let durations = durations(&model, &head);
    let _ = model.boundary(&mut head); // takes in the constants it needs

    let (flow_reach, same) = reach(&model, &flow, prior, latent)?;
    let (decoder_reach, hop) = reach(&model, &decoder, latent, output)?;
    if same != 1.0 || hop.fract() != 0.0 {
        return None;
    }
    let channels = decoder_channels(&model, latent)?;
    let mut outputs = vec![prior];
    for name in flow_extras.iter().chain(&decoder_extras).chain(&durations) {
        if !outputs.contains(name) {
            outputs.push(name);
        }
    }
    let names = |extras: &[&str]| extras.iter().map(|name| (*name).to_owned()).collect();
    let flow_model = model.part(&flow, &inputs(prior, &[1, channels, 0], &flow_extras), latent);
    let flat = is_flat(&model, &decoder)
        .then(|| model.flat_part(&decoder, &inputs(latent, &[1, channels, 1, 0], &decoder_extras), output))
        .flatten();
    let is_flat = flat.is_some();
    let decoder_model =
        flat.unwrap_or_else(|| model.part(&decoder, &inputs(latent, &[1, channels, 0], &decoder_extras), output));
    Some(Cut {
        head: model.head(&head, &outputs),
        durations: durations.map(str::to_owned),
        flow: Part {
            model: flow_model,
            frames: prior.to_owned(),
            extras: names(&flow_extras),
            reach: flow_reach,
            flat: false,
        },
        decoder: Part {
            model: decoder_model,
            frames: latent.to_owned(),
            extras: names(&decoder_extras),
            reach: decoder_reach,
            flat: is_flat,
        },
        hop: hop as usize,
    })
}

/// The frames, of known dimensions, and the extras.
fn inputs<'a>(frames: &'a str, dims: &[u64], extras: &[&'a str]) -> Vec<Input<'a>> {
    std::iter::once((frames, Some(dims.to_vec()))).chain(extras.iter().map(|name| (*name, None))).collect()
}

/// What the decoder's first convolution takes: the one before the first transposed convolution,
/// which is the first upsampling. Between them are an activation and, with several speakers, a sum.
fn latent<'a>(model: &Model<'a>) -> Option<&'a str> {
    let upsampling = model.nodes.iter().find(|node| node.op == "ConvTranspose")?;
    let first = first_convolution(model, upsampling.inputs.first()?)?;
    first.inputs.first().copied()
}

fn first_convolution<'m, 'a>(model: &'m Model<'a>, tensor: &str) -> Option<&'m Node<'a>> {
    let node = model.nodes.get(model.maker(tensor)?)?;
    match node.op {
        "Conv" => Some(node),
        "LeakyRelu" | "Relu" => first_convolution_of_activation(model, node),
        _ => None,
    }
}

fn first_convolution_of_activation<'m, 'a>(model: &'m Model<'a>, activation: &Node<'a>) -> Option<&'m Node<'a>> {
    let node = model.nodes.get(model.maker(activation.inputs.first()?)?)?;
    match node.op {
        "Conv" => Some(node),
        "Add" => {
            let made = |input: &&str| model.maker(input).and_then(|at| model.nodes.get(at));
            let noisy = |node: &&Node<'a>| node.op == "Conv" && node.inputs.first().is_some_and(|x| is_noisy(model, x));
            node.inputs.iter().filter_map(made).find(noisy)
        }
        _ => None,
    }
}

/// True where noise is in it: what is said, and not the speaker.
fn is_noisy(model: &Model<'_>, tensor: &str) -> bool {
    model.needed_for(tensor).iter().any(|at| model.nodes.get(*at).is_some_and(|node| node.op == "RandomNormalLike"))
}

/// The sum of the prior's means and its noise, from which the flow goes on.
fn prior<'a>(model: &Model<'a>, latent: &str) -> Option<&'a str> {
    let needed = model.needed_for(latent);
    let at = needed.iter().copied().filter(|at| op(model, *at) == "RandomNormalLike").max()?;
    let mut tensor = *model.nodes.get(at)?.outputs.first()?;
    for _ in 0..STEPS_FROM_NOISE {
        let node = model.nodes.iter().find(|node| node.inputs.contains(&tensor))?;
        tensor = node.outputs.first()?;
        match node.op {
            "Add" => return Some(tensor),
            "Mul" => {}
            _ => return None,
        }
    }
    None
}

fn op<'a>(model: &Model<'a>, at: usize) -> &'a str {
    model.nodes.get(at).map_or("", |node| node.op)
}

/// What a part takes beside its frames; all of it must be made by the head.
fn extras<'a>(
    model: &Model<'a>,
    part: &mut HashSet<usize>,
    frames: &str,
    head: &HashSet<usize>,
) -> Option<Vec<&'a str>> {
    let mut extras = model.boundary(part);
    extras.retain(|name| *name != frames);
    extras.iter().all(|name| model.maker(name).is_some_and(|at| head.contains(&at))).then_some(extras)
}

/// Frames of every phoneme number: the one tensor that is rounded up.
fn durations<'a>(model: &Model<'a>, head: &HashSet<usize>) -> Option<&'a str> {
    let mut rounded = head.iter().filter(|at| op(model, **at) == "Ceil");
    let (only, more) = (rounded.next()?, rounded.next());
    model.nodes.get(*only)?.outputs.first().copied().filter(|_| more.is_none())
}

/// Channels of a frame, as the decoder's first convolution has them.
fn decoder_channels(model: &Model<'_>, latent: &str) -> Option<u64> {
    let first = model.nodes.iter().find(|node| node.op == "Conv" && node.inputs.first() == Some(&latent))?;
    let channels = *model.dims(first.inputs.get(1)?)?.get(1)?;
    u64::try_from(channels).ok().filter(|channels| (1..=8_192).contains(channels))
}

/// Frames that `to` reaches for on either side of its own in `from`, and its rate in theirs.
fn reach(model: &Model<'_>, part: &HashSet<usize>, from: &str, to: &str) -> Option<(usize, f64)> {
    let mut known: HashMap<&str, (f64, f64)> = HashMap::from([(from, (0.0, 1.0))]);
    for at in (0..model.nodes.len()).filter(|at| part.contains(at)) {
        let node = model.nodes.get(at)?;
        let inputs = node.inputs.iter().filter_map(|input| known.get(input).copied());
        let Some((reach, rate)) = inputs.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1))) else { continue };
        let (further, faster) = match node.op {
            "Conv" => (spread(model, node)? / 2.0 / rate, 1.0),
            "ConvTranspose" => {
                let faster = stride(node)?;
                (spread(model, node)? / faster / rate, faster)
            }
            "Add" | "Sub" | "Mul" | "Div" | "Sum" | "Neg" | "Exp" | "Tanh" | "Sigmoid" | "LeakyRelu" | "Relu"
            | "Split" | "Concat" | "Slice" | "Gather" | "Shape" | "ConstantOfShape" | "Unsqueeze" | "Squeeze"
            | "Reshape" | "Identity" | "Cast" => (0.0, 1.0),
            _ => return None,
        };
        let (reach, rate) = (reach + further, rate * faster);
        if reach > MOST_REACH || rate > MOST_SAMPLES {
            return None;
        }
        known.extend(node.outputs.iter().map(|output| (*output, (reach, rate))));
    }
    let (reach, rate) = known.get(to)?;
    Some((reach.ceil() as usize, *rate))
}

/// From the first to the last value that a kernel takes, in values of its input (or, transposed,
/// of its output).
fn spread(model: &Model<'_>, node: &Node<'_>) -> Option<f64> {
    let kernel = match node.list("kernel_shape") {
        Some([kernel]) => *kernel,
        Some(_) => return None,
        None => *model.dims(node.inputs.get(1)?)?.last()?,
    };
    let dilation = only(node, "dilations")?;
    if node.op == "Conv" && only(node, "strides")? != 1 {
        return None;
    }
    (kernel >= 1 && dilation >= 1).then(|| (kernel - 1) as f64 * dilation as f64)
}

fn stride(node: &Node<'_>) -> Option<f64> {
    only(node, "strides").filter(|stride| *stride >= 1).map(|stride| stride as f64)
}

/// The one number of a list; 1 where there is none.
fn only(node: &Node<'_>, list: &str) -> Option<i64> {
    match node.list(list) {
        None => Some(1),
        Some([one]) => Some(*one),
        Some(_) => None,
    }
}

/// True where a further dimension of one changes nothing: convolutions with weights of their own,
/// and what goes number by number. A last change of shape may follow: samples are samples.
fn is_flat(model: &Model<'_>, part: &HashSet<usize>) -> bool {
    part.iter().filter_map(|at| model.nodes.get(*at)).all(|node| match node.op {
        "Conv" | "ConvTranspose" => node.inputs.get(1).is_some_and(|weight| model.dims(weight).is_some()),
        "Add" | "Sub" | "Mul" | "Div" | "Sum" => {
            let is_plain = |input: &&str| model.dims(input).is_none_or(|dims| dims.iter().all(|dim| *dim == 1));
            node.inputs.iter().all(is_plain)
        }
        "Unsqueeze" | "Reshape" => node.outputs.first() == model.outputs.first(),
        "LeakyRelu" | "Relu" | "Tanh" | "Constant" => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Cut, cut};

    const VITS: &[u8] = include_bytes!("../tests/data/toy-vits.onnx");

    #[test]
    fn a_voice_is_cut_at_its_prior_and_its_latent() {
        let Some(Cut { durations, flow, decoder, hop, .. }) = cut(VITS) else { panic!("it is built like a voice") };
        // Four couplings of four kernels of five; 3 + 2 + (9 + 36) / 8 + .. frames of the decoder.
        assert_eq!((flow.reach, flow.extras.len(), flow.flat), (32, 1, false));
        assert_eq!((decoder.reach, decoder.extras.len(), decoder.flat), (12, 0, true));
        assert_eq!(hop, 256);
        assert!(durations.is_some());
    }

    #[test]
    fn what_is_no_voice_is_not_cut() {
        assert!(cut(include_bytes!("../tests/data/toy.onnx")).is_none());
        assert!(cut(b"").is_none());
    }

    #[test]
    fn a_hostile_file_is_survived() {
        for length in (0..VITS.len()).step_by(97) {
            let _ = cut(VITS.get(..length).unwrap_or_default());
        }
        let mut random = 9_u32;
        let mut bytes = VITS.to_vec();
        for _ in 0..2_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (random >> 4) as usize % bytes.len();
            if let Some(byte) = bytes.get_mut(at) {
                let before = std::mem::replace(byte, random as u8);
                let _ = cut(&bytes);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = before;
                }
            }
        }
    }
}
