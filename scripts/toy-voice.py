#!/usr/bin/env python3
"""Writes the toy Piper voices of the voice worker's tests: graphs with a real voice's inputs and
output. In "toy" and "toy-two" every phoneme is a tone (and a pad is silence); "toy-vits" has the
parts that a real voice is cut at (prior, flow, decoder), very narrow and with random weights.

Needs the PyPI packages onnx and numpy; only run when the toys are to change:
    scripts/toy-voice.py src/tts-worker/tests/data
"""
import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

RATE = 22050
SAMPLES_PER_PHONEME = 1024.0
TAU = 6.2831853


def constant(name, kind, shape, values):
    return helper.make_tensor(name, kind, shape, values)


def graph(speakers):
    number, decimal = TensorProto.INT64, TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info("input", number, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", number, [1]),
        helper.make_tensor_value_info("scales", decimal, [3]),
    ]
    nodes = [
        helper.make_node("Cast", ["input"], ["id"], to=decimal),
        # A tone of 200 Hz and 10 Hz more for every number; a second speaker is higher.
        helper.make_node("Mul", ["id", "ten"], ["above"]),
        helper.make_node("Add", ["above", "base"], ["hertz_flat"]),
    ]
    hertz = "hertz_flat"
    if speakers > 1:
        inputs.append(helper.make_tensor_value_info("sid", number, [1]))
        nodes += [
            helper.make_node("Cast", ["sid"], ["speaker"], to=decimal),
            helper.make_node("Mul", ["speaker", "octave"], ["raise"]),
            helper.make_node("Add", ["hertz_flat", "raise"], ["hertz_speaker"]),
        ]
        hertz = "hertz_speaker"
    nodes += [
        # scales[1] is the length scale: samples of a phoneme.
        helper.make_node("Gather", ["scales", "one"], ["length_scale"], axis=0),
        helper.make_node("Mul", ["length_scale", "long"], ["count"]),
        helper.make_node("Range", ["zero", "count", "step"], ["n"]),
        helper.make_node("Unsqueeze", [hertz, "last"], ["hertz"]),
        helper.make_node("Mul", ["hertz", "radians"], ["speed"]),
        helper.make_node("Mul", ["speed", "n"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["tone"]),
        helper.make_node("Cast", ["input"], ["sounds"], to=TensorProto.BOOL),
        helper.make_node("Cast", ["sounds"], ["loud_flat"], to=decimal),
        helper.make_node("Unsqueeze", ["loud_flat", "last"], ["loud"]),
        helper.make_node("Mul", ["tone", "loud"], ["voiced"]),
        helper.make_node("Mul", ["voiced", "level"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "shape"], ["output"]),
    ]
    constants = [
        constant("ten", decimal, [], [10.0]),
        constant("base", decimal, [], [200.0]),
        constant("octave", decimal, [], [400.0]),
        constant("one", number, [], [1]),
        constant("long", decimal, [], [SAMPLES_PER_PHONEME]),
        constant("zero", decimal, [], [0.0]),
        constant("step", decimal, [], [1.0]),
        constant("last", number, [1], [2]),
        constant("radians", decimal, [], [TAU / RATE]),
        constant("level", decimal, [], [0.05]),
        constant("shape", number, [4], [1, 1, 1, -1]),
    ]
    if speakers == 1:
        constants = [c for c in constants if c.name != "octave"]
    output = helper.make_tensor_value_info("output", decimal, [1, 1, 1, "samples"])
    made = helper.make_graph(nodes, "toy", inputs, [output], constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    checker.check_model(model)
    return model


class Vits:
    """A narrow VITS, without what only costs time: the encoder is a table, the durations another."""

    SYMBOLS, WIDTH, CHANNELS, UP = 64, 8, 16, [(8, 16), (8, 16), (4, 8)]

    def __init__(self):
        self.rng = np.random.default_rng(5)
        self.nodes, self.weights = [], []

    def fixed(self, values, kind=np.float32):
        self.weights.append(numpy_helper.from_array(np.asarray(values, kind), f"w{len(self.weights)}"))
        return f"w{len(self.weights) - 1}"

    def random(self, *shape):
        return self.fixed(self.rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:])))

    def add(self, kind, *inputs, outputs=1, **options):
        names = [f"{kind}_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **options))
        return names[0] if outputs == 1 else names

    def conv(self, x, into, out, kernel, dilation=1):
        pad = dilation * (kernel - 1) // 2
        bias = self.fixed(self.rng.standard_normal(out) * 0.1)
        return self.add("Conv", x, self.random(out, into, kernel), bias, dilations=[dilation], kernel_shape=[kernel],
                        pads=[pad, pad], strides=[1])

    def prior(self):
        """Means, stretched to the frames of each phoneme, with noise; and a mask of ones."""
        scale = self.add("Gather", "scales", self.fixed([1], np.int64))
        table = self.fixed(2 + 3 * self.rng.random((self.SYMBOLS, 1)))
        frames = self.add("Ceil", self.add("Mul", self.add("Gather", table, "input"), scale))  # [1, phonemes, 1]
        ends = self.add("CumSum", frames, self.fixed(1, np.int64))
        starts = self.add("Sub", ends, frames)
        total = self.add("ReduceMax", ends, keepdims=0)
        at = self.add("Range", self.fixed(0.0), total, self.fixed(1.0))
        begun = self.add("Cast", self.add("GreaterOrEqual", at, starts), to=TensorProto.FLOAT)
        over = self.add("Cast", self.add("GreaterOrEqual", at, ends), to=TensorProto.FLOAT)
        path = self.add("Sub", begun, over)  # [1, phonemes, frames]
        means = self.add("Transpose", self.add("Gather", self.random(self.SYMBOLS, self.WIDTH), "input"),
                         perm=[0, 2, 1])
        means = self.add("MatMul", means, path)
        mask = self.add("ReduceMax", path, axes=[1], keepdims=1)
        level = self.add("Gather", "scales", self.fixed([0], np.int64))
        noise = self.add("Mul", self.add("Mul", self.add("RandomNormalLike", means), self.fixed(0.5)), level)
        return self.add("Add", means, noise), mask

    def flow(self, x, mask):
        half, turn = self.WIDTH // 2, self.fixed(np.arange(self.WIDTH)[::-1].copy(), np.int64)
        for _ in range(4):
            x = self.add("Gather", x, turn, axis=1)
            kept, moved = self.add("Split", x, outputs=2, axis=1)
            inner = self.conv(kept, half, self.WIDTH, 1)
            for _ in range(4):
                gates = self.conv(inner, self.WIDTH, 2 * self.WIDTH, 5)
                left, right = self.add("Split", gates, outputs=2, axis=1)
                gated = self.add("Mul", self.add("Tanh", left), self.add("Sigmoid", right))
                inner = self.add("Mul", self.add("Add", inner, self.conv(gated, self.WIDTH, self.WIDTH, 1)), mask)
            shift = self.add("Mul", self.conv(inner, self.WIDTH, half, 1), mask)
            x = self.add("Concat", kept, self.add("Sub", moved, shift), axis=1)
        return self.add("Mul", x, mask)

    def decoder(self, x):
        channels = self.CHANNELS
        x = self.conv(x, self.WIDTH, channels, 7)
        for rate, kernel in self.UP:
            x = self.add("LeakyRelu", x, alpha=0.1)
            pad = (kernel - rate) // 2
            x = self.add("ConvTranspose", x, self.random(channels, channels // 2, kernel), strides=[rate],
                         kernel_shape=[kernel], pads=[pad, pad])
            channels //= 2
            parts = []
            for kernel, dilations in zip((3, 5, 7), ((1, 2), (2, 6), (3, 12))):
                y = x
                for dilation in dilations:
                    conv = self.conv(self.add("LeakyRelu", y, alpha=0.1), channels, channels, kernel, dilation)
                    y = self.add("Add", conv, y)
                parts.append(y)
            x = self.add("Div", self.add("Add", self.add("Add", *parts[:2]), parts[2]), self.fixed(3.0))
        return self.add("Tanh", self.conv(self.add("LeakyRelu", x, alpha=0.01), channels, 1, 7))


def vits():
    made = Vits()
    prior, mask = made.prior()
    sound = made.decoder(made.flow(prior, mask))
    made.nodes.append(helper.make_node("Unsqueeze", [sound, made.fixed([1], np.int64)], ["output"]))
    whole, real = TensorProto.INT64, TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("input", whole, [1, "phonemes"]),
              helper.make_tensor_value_info("input_lengths", whole, [1]),
              helper.make_tensor_value_info("scales", real, [3])]
    output = helper.make_tensor_value_info("output", real, [1, 1, 1, "time"])
    model = helper.make_model(helper.make_graph(made.nodes, "toy-vits", inputs, [output], made.weights),
                              opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    checker.check_model(model)
    return model


def config(speakers):
    # "aɪ" is one phoneme of two characters, as current voices have them.
    phonemes = ["_", "^", "$", " ", "!", ",", ".", "?", ":", ";", "aɪ", "eɪ", "oʊ", "aʊ", "tʃ", "dʒ", "ˈ", "ˌ", "ː"]
    phonemes += list("abdefhijklmnoprstuvwzæðŋɐɑɔəɚɛɜɡɪɹɾʃʊʌʒθᵻ")
    return {
        "audio": {"sample_rate": RATE, "quality": "toy"},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {phoneme: [i] for i, phoneme in enumerate(phonemes)},
        "num_symbols": len(phonemes),
        "num_speakers": speakers,
        "speaker_id_map": {"low": 0, "high": 1} if speakers > 1 else {},
        "piper_version": "1.0.0",
    }


def main():
    folder = Path(sys.argv[1])
    for name, speakers, model in [("toy", 1, graph(1)), ("toy-two", 2, graph(2)), ("toy-vits", 1, vits())]:
        save(model, folder / f"{name}.onnx")
        text = json.dumps(config(speakers), ensure_ascii=False, indent=1)
        (folder / f"{name}.onnx.json").write_text(text + "\n")


main()
