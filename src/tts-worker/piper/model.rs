//! As much of the ONNX file format as it takes to cut a graph in pieces: nodes and weights stay
//! the bytes they are, only who needs whom is read. Model files are hostile: every length is
//! checked, everything is bounded, and what is not understood is refused.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{HashMap, HashSet};

/// Nodes of a graph; Piper's have some 6,500.
const MOST_NODES: usize = 100_000;
/// Dimensions of a tensor, numbers of an attribute.
const MOST_NUMBERS: usize = 64;
const FLOAT: u64 = 1; // TensorProto.DataType

/// A field of a protobuf message.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Fixed 32 or 64 bits; none is needed.
    Fixed,
}

/// Fields of a message, each with its number and, as the second, all of its bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8], Value<'a>)>;

    /// `Some(None)` where the bytes are no message.
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let whole = self.0;
        let read = self.read();
        if read.is_none() {
            self.0 = &[];
        }
        Some(read.map(|(number, value)| {
            let raw = whole.get(..whole.len() - self.0.len()).unwrap_or_default();
            (number, raw, value)
        }))
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.0.get(..length)?;
        self.0 = self.0.get(length..)?;
        Some(taken)
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Adds the numbers of a repeated field, packed or not.
fn numbers(value: Value<'_>, to: &mut Vec<i64>) -> Option<()> {
    match value {
        Value::Number(number) => to.push(number.cast_signed()),
        Value::Bytes(packed) => {
            let mut packed = Fields(packed);
            while !packed.0.is_empty() && to.len() <= MOST_NUMBERS {
                to.push(packed.varint()?.cast_signed());
            }
        }
        Value::Fixed => return None,
    }
    (to.len() <= MOST_NUMBERS).then_some(())
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    raw: &'a [u8],
    pub op: &'a str,
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    /// Attributes that are lists of whole numbers.
    lists: HashMap<&'a str, Vec<i64>>,
    /// Something about it keeps it from being rewritten (a subgraph, padding by name).
    odd: bool,
}

impl<'a> Node<'a> {
    fn parse(raw: &'a [u8]) -> Option<Self> {
        let (inputs, outputs) = (Vec::new(), Vec::new());
        let mut node = Node { raw, op: "", inputs, outputs, lists: HashMap::new(), odd: false };
        for field in Fields(raw) {
            match field? {
                (1, _, value) => node.inputs.push(text(value)?),
                (2, _, value) => node.outputs.push(text(value)?),
                (4, _, value) => node.op = text(value)?,
                (5, _, Value::Bytes(attribute)) => node.attribute(attribute)?,
                (7, _, value) => node.odd |= !matches!(text(value)?, "" | "ai.onnx"),
                _ => {}
            }
        }
        Some(node)
    }

    fn attribute(&mut self, attribute: &'a [u8]) -> Option<()> {
        let (mut name, mut list) = ("", Vec::new());
        for field in Fields(attribute) {
            match field? {
                (1, _, value) => name = text(value)?,
                (4, _, value) if name == "auto_pad" => self.odd |= text(value)? != "NOTSET",
                (6 | 11, ..) => self.odd = true, // graphs within: they may need anything
                (8, _, value) => numbers(value, &mut list)?,
                _ => {}
            }
        }
        self.lists.insert(name, list);
        Some(())
    }

    /// A list of whole numbers by its name.
    pub fn list(&self, name: &str) -> Option<&[i64]> {
        self.lists.get(name).map(Vec::as_slice).filter(|list| !list.is_empty())
    }

    /// The same convolution with a further dimension of one, before the last.
    fn flat(&self) -> Option<Vec<u8>> {
        let mut node = Vec::with_capacity(self.raw.len() + 64);
        for field in Fields(self.raw) {
            match field? {
                (5, raw, Value::Bytes(attribute)) => match widened(attribute)? {
                    Some(wide) => write_bytes(5, &wide, &mut node),
                    None => node.extend_from_slice(raw),
                },
                (_, raw, _) => node.extend_from_slice(raw),
            }
        }
        Some(node)
    }
}

/// An attribute of a convolution over one dimension, for two; none where it has nothing to do
/// with dimensions.
fn widened(attribute: &[u8]) -> Option<Option<Vec<u8>>> {
    let (mut name, mut list, mut rest) = ("", Vec::new(), Vec::new());
    for field in Fields(attribute) {
        match field? {
            (8, _, value) => numbers(value, &mut list)?,
            (number, raw, value) => {
                if number == 1 {
                    name = text(value)?;
                }
                rest.extend_from_slice(raw);
            }
        }
    }
    let wide = match (name, list.as_slice()) {
        ("kernel_shape" | "strides" | "dilations", [one]) => vec![1, *one],
        ("output_padding", [one]) => vec![0, *one],
        ("pads", [before, after]) => vec![0, *before, 0, *after],
        ("kernel_shape" | "strides" | "dilations" | "output_padding" | "pads" | "output_shape", _) => return None,
        _ => return Some(None),
    };
    wide.iter().for_each(|number| write_number(8, number.cast_unsigned(), &mut rest));
    Some(Some(rest))
}

/// A weight.
#[derive(Debug, Clone)]
struct Weight<'a> {
    raw: &'a [u8],
    dims: Vec<i64>,
}

impl<'a> Weight<'a> {
    fn parse(raw: &'a [u8]) -> Option<(&'a str, Self)> {
        let (mut name, mut dims) = ("", Vec::new());
        for field in Fields(raw) {
            match field? {
                (1, _, value) => numbers(value, &mut dims)?,
                (8, _, value) => name = text(value)?,
                _ => {}
            }
        }
        Some((name, Weight { raw, dims }))
    }

    /// The same numbers with a further dimension of one, before the last.
    fn flat(&self) -> Option<Vec<u8>> {
        let [out, into, kernel] = self.dims.as_slice() else { return None };
        let mut weight = Vec::with_capacity(self.raw.len() + 16);
        for dim in [*out, *into, 1, *kernel] {
            write_number(1, dim.cast_unsigned(), &mut weight);
        }
        for field in Fields(self.raw) {
            let (number, raw, _) = field?;
            if number != 1 {
                weight.extend_from_slice(raw);
            }
        }
        Some(weight)
    }
}

/// An input of floats: its name, and its dimensions where they are known, 0 for one that is open.
pub type Input<'a> = (&'a str, Option<Vec<u64>>);

/// A model, read as far as needed.
#[derive(Debug)]
pub struct Model<'a> {
    /// Fields of the model beside its graph: versions, operator sets.
    about: Vec<&'a [u8]>,
    /// In an order in which they can be computed, as the format demands.
    pub nodes: Vec<Node<'a>>,
    weights: HashMap<&'a str, Weight<'a>>,
    /// Name and bytes of each input; its outputs' names.
    inputs: Vec<(&'a str, &'a [u8])>,
    pub outputs: Vec<&'a str>,
    /// Which node makes a tensor.
    maker: HashMap<&'a str, usize>,
}

impl<'a> Model<'a> {
    /// Reads a model; none where it is not what can be cut.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut model = Model {
            about: Vec::new(),
            nodes: Vec::new(),
            weights: HashMap::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            maker: HashMap::new(),
        };
        for field in Fields(bytes) {
            match field? {
                (7, _, Value::Bytes(graph)) => model.graph(graph)?,
                (1 | 8 | 14 | 25, raw, _) => model.about.push(raw),
                _ => {}
            }
        }
        let made = model.nodes.iter().enumerate();
        model.maker = made.flat_map(|(at, node)| node.outputs.iter().map(move |name| (*name, at))).collect();
        model.nodes.iter().all(|node| !node.odd).then_some(model)
    }

    fn graph(&mut self, graph: &'a [u8]) -> Option<()> {
        for field in Fields(graph) {
            match field? {
                (1, _, Value::Bytes(node)) if self.nodes.len() < MOST_NODES => self.nodes.push(Node::parse(node)?),
                (5, _, Value::Bytes(weight)) if self.weights.len() < MOST_NODES => {
                    self.weights.extend([Weight::parse(weight)?]);
                }
                (11, raw, Value::Bytes(input)) => self.inputs.push((value_name(input)?, raw)),
                (12, _, Value::Bytes(output)) => self.outputs.push(value_name(output)?),
                (1 | 5 | 15, ..) => return None, // too many, or a kind of weight that no voice has
                _ => {}
            }
        }
        Some(())
    }

    /// The node that makes a tensor.
    pub fn maker(&self, tensor: &str) -> Option<usize> {
        self.maker.get(tensor).copied()
    }

    /// Dimensions of a weight.
    pub fn dims(&self, weight: &str) -> Option<&[i64]> {
        self.weights.get(weight).map(|weight| weight.dims.as_slice())
    }

    /// All nodes that it takes to make a tensor.
    pub fn needed_for(&self, tensor: &str) -> HashSet<usize> {
        let mut needed = HashSet::new();
        let mut open: Vec<usize> = self.maker(tensor).into_iter().collect();
        while let Some(at) = open.pop() {
            if let Some(node) = self.nodes.get(at).filter(|_| needed.insert(at)) {
                open.extend(node.inputs.iter().filter_map(|input| self.maker(input)));
            }
        }
        needed
    }

    /// What a part of the graph takes from outside of it. Constants are taken in instead.
    pub fn boundary(&self, part: &mut HashSet<usize>) -> Vec<&'a str> {
        let mut outside: Vec<&str> = Vec::new();
        for node in (0..self.nodes.len()).filter(|at| part.contains(at)).collect::<Vec<_>>() {
            let inputs = self.nodes.get(node).map(|node| node.inputs.as_slice()).unwrap_or_default();
            for input in inputs.iter().filter(|input| !input.is_empty() && !self.weights.contains_key(*input)) {
                match self.maker(input) {
                    Some(maker) if part.contains(&maker) => {}
                    Some(maker) if self.nodes.get(maker).is_some_and(|node| node.op == "Constant") => {
                        part.insert(maker);
                    }
                    _ if outside.contains(input) => {}
                    _ => outside.push(input),
                }
            }
        }
        outside
    }

    /// A model of these nodes with the inputs of the whole one.
    pub fn head(&self, part: &HashSet<usize>, outputs: &[&str]) -> Vec<u8> {
        let mut graph = Vec::new();
        self.inputs.iter().for_each(|(_, raw)| graph.extend_from_slice(raw));
        self.write(part, graph, outputs, &HashMap::new())
    }

    /// A model of these nodes with these inputs of its own.
    pub fn part(&self, part: &HashSet<usize>, inputs: &[Input<'_>], output: &str) -> Vec<u8> {
        self.write(part, declared(inputs), &[output], &HashMap::new())
    }

    /// The same with a further dimension of one in every tensor, before the last: ONNX Runtime
    /// has far better convolutions over two dimensions. The part must be of nodes to which that makes no difference.
    pub fn flat_part(&self, part: &HashSet<usize>, inputs: &[Input<'_>], output: &str) -> Option<Vec<u8>> {
        let mut rewritten = HashMap::new();
        for at in part {
            let node = self.nodes.get(*at)?;
            if matches!(node.op, "Conv" | "ConvTranspose") {
                let name = *node.inputs.get(1)?;
                rewritten.insert(name, self.weights.get(name)?.flat()?);
                rewritten.insert(*node.outputs.first()?, node.flat()?);
            }
        }
        Some(self.write(part, declared(inputs), &[output], &rewritten))
    }

    /// `rewritten` holds other bytes for weights and, by their first outputs, for nodes.
    fn write(
        &self,
        part: &HashSet<usize>,
        mut graph: Vec<u8>,
        outputs: &[&str],
        rewritten: &HashMap<&str, Vec<u8>>,
    ) -> Vec<u8> {
        let nodes = self.nodes.iter().enumerate().filter(|(at, _)| part.contains(at)).map(|(_, node)| node);
        let mut used = HashSet::new();
        for node in nodes {
            used.extend(node.inputs.iter().copied());
            let bytes = node.outputs.first().and_then(|name| rewritten.get(name)).map(Vec::as_slice);
            write_bytes(1, bytes.unwrap_or(node.raw), &mut graph);
        }
        write_bytes(2, b"part", &mut graph);
        for (name, weight) in self.weights.iter().filter(|(name, _)| used.contains(*name)) {
            write_bytes(5, rewritten.get(name).map_or(weight.raw, Vec::as_slice), &mut graph);
        }
        outputs.iter().for_each(|output| write_bytes(12, &value_info(output, None), &mut graph));
        let mut model = self.about.concat();
        write_bytes(7, &graph, &mut model);
        model
    }
}

fn value_name(info: &[u8]) -> Option<&str> {
    let mut name = "";
    for field in Fields(info) {
        if let (1, _, value) = field? {
            name = text(value)?;
        }
    }
    Some(name)
}

fn declared(inputs: &[Input<'_>]) -> Vec<u8> {
    let mut graph = Vec::new();
    inputs.iter().for_each(|(name, dims)| write_bytes(11, &value_info(name, dims.as_deref()), &mut graph));
    graph
}

/// A `ValueInfoProto` of floats; 0 is an open dimension.
fn value_info(name: &str, dims: Option<&[u64]>) -> Vec<u8> {
    let (mut info, mut kind, mut tensor) = (Vec::new(), Vec::new(), Vec::new());
    write_number(1, FLOAT, &mut tensor);
    if let Some(dims) = dims {
        let mut shape = Vec::new();
        for dim in dims {
            let mut one = Vec::new();
            match dim {
                0 => write_bytes(2, b"frames", &mut one),
                dim => write_number(1, *dim, &mut one),
            }
            write_bytes(1, &one, &mut shape);
        }
        write_bytes(2, &shape, &mut tensor);
    }
    write_bytes(1, &tensor, &mut kind);
    write_bytes(1, name.as_bytes(), &mut info);
    write_bytes(2, &kind, &mut info);
    info
}

fn write_varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn write_number(field: u64, value: u64, to: &mut Vec<u8>) {
    write_varint(field << 3, to);
    write_varint(value, to);
}

fn write_bytes(field: u64, bytes: &[u8], to: &mut Vec<u8>) {
    write_varint(field << 3 | 2, to);
    write_varint(bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}
