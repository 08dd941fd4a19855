"""Writes backbone/onnx/testdata: small networks as ONNX models, and beside each, as NAME.npz, one made batch as `input` and what onnxruntime gives.

mobile.onnx is of opset 17, channels first, any batch and size: batch norm, a depthwise convolution, squeeze and excite, hard-swish, a residual.
old.onnx is of opset 9, channels last, for a batch of 1, with the operations that later opsets write otherwise. Needs onnx, onnxruntime and numpy:

    python scripts/golden/networks.py
"""
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).parents[2] / "backbone" / "onnx" / "testdata"
rng = np.random.default_rng(3)


class Net:
    def __init__(self):
        self.nodes, self.weights = [], []

    def weight(self, name, *shape, scale=None, low=None):
        scale = scale or (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else scale or 0.1
        value = rng.normal(0, scale, shape) if low is None else rng.uniform(low, low + 1, shape)
        return self.tensor(name, value.astype(np.float32))

    def tensor(self, name, value):
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], output + "/" + op, **attributes))
        return output

    def conv(self, x, name, cin, cout, k, stride=1, group=1, norm=True):
        x = self.add("Conv", [x, self.weight(f"{name}.conv.weight", cout, cin // group, k, k)] + ([] if norm else [self.weight(f"{name}.conv.bias", cout)]),
                     f"{name}.conv", kernel_shape=[k, k], strides=[stride] * 2, pads=[k // 2] * 4, group=group)
        if norm:
            values = [self.weight(f"{name}.bn.weight", cout, low=0.5), self.weight(f"{name}.bn.bias", cout), self.weight(f"{name}.bn.running_mean", cout),
                      self.weight(f"{name}.bn.running_var", cout, low=0.5)]
            x = self.add("BatchNormalization", [x] + values, f"{name}.bn", epsilon=1e-5)
        return x

    def write(self, name, opset, image, features, classes):
        graph = helper.make_graph(self.nodes, name, [helper.make_tensor_value_info("images", TensorProto.FLOAT, image)],
                                  [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [image[0], classes])], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset > 10 else 4, producer_name="dvml's tests")
        onnx.checker.check_model(model)
        onnx.save(model, OUT / f"{name}.onnx")
        shape = [d if isinstance(d, int) else s for d, s in zip(image, (2, 3, 40, 40))]
        x = rng.normal(0, 1, shape).astype(np.float32)
        model.graph.output.append(helper.make_tensor_value_info(features, TensorProto.FLOAT, None))
        outputs = ["probabilities", features]
        values = onnxruntime.InferenceSession(model.SerializeToString()).run(outputs, {"images": x})
        np.savez(OUT / f"{name}.npz", input=x, **{f"out_{n}": v for n, v in zip(outputs, values)})


def mobile():
    n = Net()
    x = n.add("HardSwish", [n.conv("images", "stem", 3, 16, 3, stride=2)], "stem")
    y = n.add("Relu", [n.conv(x, "block.expand", 16, 32, 1)], "block.expand")
    y = n.add("HardSwish", [n.conv(y, "block.depth", 32, 32, 3, group=32)], "block.depth")
    s = n.add("GlobalAveragePool", [y], "block.squeeze")
    s = n.add("Relu", [n.conv(s, "block.se1", 32, 8, 1, norm=False)], "block.se1")
    s = n.add("HardSigmoid", [n.conv(s, "block.se2", 8, 32, 1, norm=False)], "block.se2", alpha=1 / 6, beta=0.5)
    y = n.conv(n.add("Mul", [y, s], "block.scaled"), "block.project", 32, 16, 1)
    x = n.add("Add", [x, y], "block")
    x = n.add("Relu", [n.conv(x, "head", 16, 32, 3, stride=2)], "head")
    x = n.add("Flatten", [n.add("GlobalAveragePool", [x], "pooled")], "features")
    x = n.add("Gemm", [x, n.weight("fc.weight", 10, 32), n.weight("fc.bias", 10)], "logits", transB=1)
    n.add("Softmax", [x], "probabilities", axis=-1)
    n.write("mobile", 17, ["N", 3, "H", "W"], "features", 10)


def old():
    n = Net()
    x = n.add("Transpose", ["images"], "first", perm=[0, 3, 1, 2])
    x = n.add("Pad", [x], "padded", pads=[0, 0, 1, 1, 0, 0, 1, 1], value=0.0)
    x = n.add("Conv", [x, n.weight("stem.weight", 8, 3, 3, 3), n.weight("stem.bias", 8)], "stem", kernel_shape=[3, 3], strides=[2, 2])
    x = n.add("Clip", [x], "relu6", min=0.0, max=6.0)
    y = n.add("Slice", [x], "half", axes=[1], starts=[4], ends=[2147483647])
    y = n.add("Upsample", [n.add("AveragePool", [y], "small", kernel_shape=[2, 2], strides=[2, 2]), n.tensor("scales", np.float32([1, 1, 2, 2]))], "large", mode="nearest")
    n.nodes.append(helper.make_node("Split", [x], ["low", "high"], "split", axis=1, split=[4, 4]))
    x = n.add("Concat", [n.add("Softmax", [y], "soft", axis=2), "low"], "joined", axis=1)
    x = n.add("BatchNormalization", [x, n.weight("bn.scale", 8, low=0.5), n.weight("bn.bias", 8), n.weight("bn.mean", 8), n.weight("bn.var", 8, low=0.5)], "normed")
    x = n.add("Squeeze", [n.add("ReduceMean", [x], "mean", axes=[2, 3], keepdims=1)], "flat", axes=[2, 3])
    t = n.add("Unsqueeze", [n.add("ReduceSum", ["high"], "sums", axes=[2, 3], keepdims=0)], "sums3", axes=[2])
    t = n.add("Reshape", [t, n.tensor("shape", np.int64([1, 4]))], "sums2")
    x = n.add("Concat", [x, n.add("Dropout", [t], "dropped", ratio=0.5)], "features", axis=1)
    x = n.add("Gemm", [x, n.weight("fc.weight", 12, 10), n.weight("fc.bias", 10)], "logits")
    n.add("Softmax", [x], "probabilities", axis=1)
    n.write("old", 9, [1, 40, 40, 3], "features", 10)


mobile()
old()

# weights/download/testdata/external.onnx: a model of one tensor whose values lie in model.onnx_data.
tensor = helper.make_tensor("w", TensorProto.FLOAT, [4], np.zeros(4, np.float32).tobytes(), raw=True)
onnx.external_data_helper.set_external_data(tensor, "model.onnx_data")
tensor.ClearField("raw_data")
tensor.data_location = TensorProto.EXTERNAL
graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])], [tensor])
place = OUT.parents[2] / "weights" / "download" / "testdata" / "external.onnx"
place.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
