#!/usr/bin/env python3
"""Writes the network as ONNX: onnx_file.py WEIGHTS FILE.

Its input and output are Smart Turn's: `input_features`, (1, 80, 800), and a probability, (1, 1).
"""
import sys
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, checker, helper, numpy_helper, save

from features import FRAMES
from network import LAST, SEEN, Turn


def graph(model):
    nodes, weights = [], []

    def weight(name, value):
        value = value.detach().numpy().astype(np.float32) if isinstance(value, torch.Tensor) else value
        weights.append(numpy_helper.from_array(value, name))
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def newest(given, count, output):
        bounds = [weight(f"{output}.{name}", np.array([value], np.int64))
                  for name, value in (("from", -count), ("to", 1 << 30), ("axis", 2))]
        return node("Slice", [given, *bounds], output)

    x = newest("input_features", SEEN, "seen")
    for index, layer in enumerate(model.layers):
        kernel, bias = layer.folded()
        size, = layer.inner.kernel_size
        y = node("Conv", [x, weight(f"{index}.kernel", kernel), weight(f"{index}.bias", bias)], f"{index}.convolved",
                 kernel_shape=[size], strides=list(layer.inner.stride), pads=[size // 2, size // 2])
        y = node("Relu", [y], f"{index}.rectified")
        x = node("Add", [x, y], f"{index}.added") if layer.added else y
    mean = node("GlobalAveragePool", [x], "mean")
    parts = [node("Flatten", [part], f"{part}.flat", axis=1) for part in (mean, newest(x, LAST, "last"))]
    x = node("Concat", parts, "all", axis=1)
    for name, layer in (("hidden", model.hidden), ("out", model.out)):
        x = node("Gemm", [x, weight(f"{name}.weight", layer.weight), weight(f"{name}.bias", layer.bias)], name, transB=1)
        x = node("Relu", [x], "hidden.rectified") if name == "hidden" else x
    node("Sigmoid", [x], "logits")
    heard = helper.make_tensor_value_info("input_features", TensorProto.FLOAT, [1, 80, FRAMES])
    over = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1])
    return helper.make_graph(nodes, "turn", [heard], [over], weights)


def main():
    weights, file = map(Path, sys.argv[1:3])
    model = Turn().eval()
    model.load_state_dict(torch.load(weights))
    made = helper.make_model(graph(model), opset_imports=[helper.make_opsetid("", 17)], producer_name="callbox")
    made.ir_version = 8
    checker.check_model(made, full_check=True)
    save(made, file)
    print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
