#!/usr/bin/env python3
"""Writes the toy Piper voices of the voice worker's tests: graphs with a real voice's inputs and
output, a few hundred bytes each, in which every phoneme is a tone (and a pad is silence).

Needs the PyPI package onnx (pip install onnx); only run when the toys are to change:
    scripts/toy-voice.py src/tts-worker/tests/data
"""
import json
import sys
from pathlib import Path

from onnx import TensorProto, checker, helper, save

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
    for name, speakers in [("toy", 1), ("toy-two", 2)]:
        save(graph(speakers), folder / f"{name}.onnx")
        text = json.dumps(config(speakers), ensure_ascii=False, indent=1)
        (folder / f"{name}.onnx.json").write_text(text + "\n")


main()
