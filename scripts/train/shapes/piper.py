"""Piper's architecture (VITS) as an ONNX graph with a real voice's inputs and output.

What costs time is there in full: the text encoder's attention and convolutions, the four coupling
layers of the flow with their WaveNets, and the HiFi-GAN decoder, which is nine tenths of the work.
Left out are the relative positions of the attention and the stochastic duration predictor; every
phoneme lasts three frames instead, as in real speech.
"""
import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

SYMBOLS, WIDTH, HEADS, FILTER, LAYERS = 256, 192, 2, 768, 6
FLOWS, WAVENET_LAYERS, WAVENET_KERNEL = 4, 4, 5
FRAMES = 3.0  # a phoneme or pad
# sample rate, first channels, upsampling rates and kernels, kernels and dilations of the residual
# blocks, and whether a second convolution follows each dilated one
QUALITIES = {
    "low": (16_000, 256, (8, 8, 4), (16, 16, 8), (3, 5, 7), ((1, 2), (2, 6), (3, 12)), False),
    "medium": (22_050, 256, (8, 8, 4), (16, 16, 8), (3, 5, 7), ((1, 2), (2, 6), (3, 12)), False),
    "high": (22_050, 512, (8, 8, 2, 2), (16, 16, 4, 4), (3, 7, 11), ((1, 3, 5),) * 3, True),
}


class Graph:
    """Nodes and weights, named by number."""

    def __init__(self, rng):
        self.nodes, self.weights, self.rng = [], [], rng

    def fixed(self, values, kind=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def random(self, *shape):
        fan = np.prod(shape[1:]) if len(shape) > 1 else 100
        return self.fixed(self.rng.standard_normal(shape, np.float32) / np.sqrt(fan))

    def add(self, kind, *inputs, outputs=1, **options):
        names = [f"n{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **options))
        return names[0] if outputs == 1 else names

    def conv(self, x, into, out, kernel, dilation=1):
        pad = dilation * (kernel - 1) // 2
        return self.add("Conv", x, self.random(out, into, kernel), self.fixed(np.zeros(out)), dilations=[dilation],
                        kernel_shape=[kernel], pads=[pad, pad])

    def norm(self, x):
        """Over the channels, which are in the middle."""
        last = self.add("Transpose", x, perm=[0, 2, 1])
        normed = self.add("LayerNormalization", last, self.fixed(np.ones(WIDTH)), self.fixed(np.zeros(WIDTH)))
        return self.add("Transpose", normed, perm=[0, 2, 1])


def attention(graph, x):
    heads = graph.fixed([1, HEADS, WIDTH // HEADS, -1], np.int64)
    query, key, value = (graph.add("Reshape", graph.conv(x, WIDTH, WIDTH, 1), heads) for _ in range(3))
    turned = graph.add("Transpose", query, perm=[0, 1, 3, 2])
    scores = graph.add("Mul", graph.add("MatMul", turned, key), graph.fixed((WIDTH // HEADS) ** -0.5))
    shares = graph.add("Transpose", graph.add("Softmax", scores, axis=-1), perm=[0, 1, 3, 2])
    mixed = graph.add("Reshape", graph.add("MatMul", value, shares), graph.fixed([1, WIDTH, -1], np.int64))
    return graph.conv(mixed, WIDTH, WIDTH, 1)


def encoder(graph):
    x = graph.add("Gather", graph.random(SYMBOLS, WIDTH), "input")
    x = graph.add("Transpose", x, perm=[0, 2, 1])
    for _ in range(LAYERS):
        x = graph.norm(graph.add("Add", x, attention(graph, x)))
        wide = graph.add("Relu", graph.conv(x, WIDTH, FILTER, 3))
        x = graph.norm(graph.add("Add", x, graph.conv(wide, FILTER, WIDTH, 3)))
    return graph.conv(x, WIDTH, WIDTH, 1)


def stretched(graph, x):
    """Every phoneme as many frames as the length scale says, and noise as the first scale says."""
    scale = graph.add("Gather", "scales", graph.fixed([1], np.int64))
    frames = graph.add("Mul", scale, graph.fixed([FRAMES]))
    sizes = graph.add("Concat", graph.fixed([1.0, 1.0]), frames, axis=0)
    x = graph.add("Resize", x, "", sizes, mode="nearest")
    noise = graph.add("RandomNormalLike", x)
    level = graph.add("Gather", "scales", graph.fixed([0], np.int64))
    return graph.add("Add", x, graph.add("Mul", noise, level))


def wavenet(graph, x):
    for layer in range(WAVENET_LAYERS):
        gates = graph.conv(x, WIDTH, 2 * WIDTH, WAVENET_KERNEL)
        left, right = graph.add("Split", gates, outputs=2, axis=1, num_outputs=2)
        gated = graph.add("Mul", graph.add("Tanh", left), graph.add("Sigmoid", right))
        last = layer == WAVENET_LAYERS - 1
        both = graph.conv(gated, WIDTH, WIDTH if last else 2 * WIDTH, 1)
        rest, skip = (None, both) if last else graph.add("Split", both, outputs=2, axis=1, num_outputs=2)
        total = skip if layer == 0 else graph.add("Add", total, skip)
        x = x if last else graph.add("Add", x, rest)
    return total


def flow(graph, x):
    half = WIDTH // 2
    turn = graph.fixed(np.arange(WIDTH)[::-1], np.int64)
    for _ in range(FLOWS):
        x = graph.add("Gather", x, turn, axis=1)
        kept, moved = graph.add("Split", x, outputs=2, axis=1, num_outputs=2)
        shift = graph.conv(wavenet(graph, graph.conv(kept, half, WIDTH, 1)), WIDTH, half, 1)
        x = graph.add("Concat", kept, graph.add("Sub", moved, shift), axis=1)
    return x


def residual(graph, x, channels, kernel, dilations, double):
    for dilation in dilations:
        y = graph.conv(graph.add("LeakyRelu", x, alpha=0.1), channels, channels, kernel, dilation)
        if double:
            y = graph.conv(graph.add("LeakyRelu", y, alpha=0.1), channels, channels, kernel)
        x = graph.add("Add", x, y)
    return x


def decoder(graph, x, channels, rates, kernels, blocks, dilations, double):
    x = graph.conv(x, WIDTH, channels, 7)
    for rate, kernel in zip(rates, kernels):
        x = graph.add("LeakyRelu", x, alpha=0.1)
        pad = (kernel - rate) // 2
        x = graph.add("ConvTranspose", x, graph.random(channels, channels // 2, kernel), strides=[rate],
                      kernel_shape=[kernel], pads=[pad, pad])
        channels //= 2
        parts = [residual(graph, x, channels, block, each, double) for block, each in zip(blocks, dilations)]
        x = graph.add("Mul", graph.add("Sum", *parts), graph.fixed(1 / len(parts)))
    return graph.add("Tanh", graph.conv(graph.add("LeakyRelu", x, alpha=0.01), channels, 1, 7))


def write(path, quality, rng):
    graph = Graph(rng)
    sound = decoder(graph, flow(graph, stretched(graph, encoder(graph))), *QUALITIES[quality][1:])
    # Random weights give noise; softly, for whoever listens.
    soft = graph.add("Mul", sound, graph.fixed(0.05))
    graph.nodes.append(helper.make_node("Reshape", [soft, graph.fixed([1, 1, 1, -1], np.int64)], ["output"]))
    whole, real = TensorProto.INT64, TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("input", whole, [1, "phonemes"]),
              helper.make_tensor_value_info("input_lengths", whole, [1]),
              helper.make_tensor_value_info("scales", real, [3])]
    output = helper.make_tensor_value_info("output", real, [1, 1, 1, "samples"])
    made = helper.make_graph(graph.nodes, f"shape-{quality}", inputs, [output], graph.weights)
    save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)


def config(path, quality):
    letters = "_^$ !',-.:;?abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔəɚɛɜɡɣɪɫɬɹɾʁʃʊʋʌʒʔʰˈˌːˑθᵻ"
    path.write_text(json.dumps({
        "audio": {"sample_rate": QUALITIES[quality][0], "quality": quality}, "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8}, "phoneme_type": "espeak",
        "phoneme_id_map": {letter: [number] for number, letter in enumerate(letters)},
        "num_symbols": SYMBOLS, "num_speakers": 1, "speaker_id_map": {}}, ensure_ascii=False, indent=1) + "\n")
