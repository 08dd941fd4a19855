"""Writes backbone/onnx/testdata/gradients.json: the norm of the gradient with respect to each weight of networks in ONNX files, by PyTorch.

The gradient is that of the sum over the features of feature * cos(its index), for input values scale * (hash(i) / 2^31 - 1), in
evaluation mode. What PyTorch gives for the features is held against onnxruntime first. Needs torch, onnx, onnxruntime and numpy; WEIGHTS is a folder with
the networks named below:

    python scripts/golden/gradients.py WEIGHTS
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from onnx import numpy_helper

TESTDATA = pathlib.Path(__file__).parents[2] / "backbone" / "onnx" / "testdata"
WEIGHTS = pathlib.Path(sys.argv[1])
# file, features, shape of the input, its scale
NETWORKS = [(TESTDATA / "mobile.onnx", "features", [1, 3, 40, 40], 1), (TESTDATA / "old.onnx", "features", [1, 40, 40, 3], 1),
            (WEIGHTS / "googlenet_bvlc.onnx", "pool5_7x7_s1", [1, 3, 128, 128], 100), (WEIGHTS / "efficientnet_lite0.onnx", "embedding", [1, 3, 224, 224], 1),
            (WEIGHTS / "vit_tiny_patch16_224.onnx", "embedding", [1, 3, 224, 224], 1), (WEIGHTS / "resnet50_halfwidth.onnx", "Reshape:0", [1, 224, 224, 3], 100),
            (WEIGHTS / "osnet_x0_25_msmt17.onnx", "output", [1, 3, 256, 128], 1)]


def hashed(n):
    """Numbers of 32 bits without a pattern, so that no two values of a window are equal."""
    h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761)
    h = (h ^ h >> 15) * np.uint32(2246822519)
    return (h ^ h >> 13) * np.uint32(3266489917)


def window(a, x):
    """The pads of a node as torch takes them, the sizes of its window and its strides."""
    k, s = a["kernel_shape"], a.get("strides", [1, 1])
    if a.get("auto_pad", b"NOTSET") == b"SAME_UPPER":
        total = [max((-(-n // t) - 1) * t + m - n, 0) for n, m, t in zip(x.shape[2:], k, s)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    else:
        pads = a.get("pads", [0, 0, 0, 0])
    return [pads[1], pads[3], pads[0], pads[2]], k, s


def run(model, x, output):
    opset = next(o.version for o in model.opset_import if o.domain == "")
    weights, values = {}, {"": None, model.graph.input[0].name: x}
    for t in model.graph.initializer:
        v = torch.from_numpy(numpy_helper.to_array(t).copy())
        if v.dtype.is_floating_point:
            weights[t.name] = v.requires_grad_()
        values[t.name] = v
    for n in model.graph.node:
        a = {p.name: onnx.helper.get_attribute_value(p) for p in n.attribute}
        i = [values[name] for name in n.input]
        ints = lambda at, name: a[name] if name in a else (i[at].tolist() if len(i) > at and i[at] is not None else None)
        op = n.op_type
        if op == "Constant":
            v = torch.from_numpy(np.array(numpy_helper.to_array(a["value"])))
            if v.dtype.is_floating_point and v.numel() > 1:
                weights[n.output[0]] = v.requires_grad_()
        elif op == "Conv":
            pads, _, s = window(a | {"kernel_shape": list(i[1].shape[2:])}, i[0])
            v = F.conv2d(F.pad(i[0], pads), i[1], i[2] if len(i) > 2 else None, s, 0, a.get("dilations", 1), a.get("group", 1))
        elif op == "MaxPool":
            pads, k, s = window(a, i[0])
            v = F.max_pool2d(F.pad(i[0], pads, value=-torch.inf), k, s, ceil_mode=bool(a.get("ceil_mode", 0)))
        elif op == "AveragePool":
            pads, k, s = window(a, i[0])
            assert not any(pads)
            v = F.avg_pool2d(i[0], k, s)
        elif op == "BatchNormalization":
            v = F.batch_norm(i[0], i[3].detach(), i[4].detach(), i[1], i[2], eps=a.get("epsilon", 1e-5))
        elif op == "LayerNormalization":
            assert a.get("axis", -1) in (-1, i[0].dim() - 1)
            v = F.layer_norm(i[0], i[1].shape, i[1], i[2], a.get("epsilon", 1e-5))
        elif op == "LRN":
            v = F.local_response_norm(i[0], a["size"], a["alpha"], a["beta"], a["bias"])
        elif op == "Gemm":
            v = a.get("alpha", 1) * (i[0].T if a.get("transA") else i[0]) @ (i[1].T if a.get("transB") else i[1]) + a.get("beta", 1) * i[2]
        elif op == "Softmax":
            axis = a.get("axis", -1 if opset >= 13 else 1)
            v = F.softmax(i[0], axis) if opset >= 13 else F.softmax(i[0].flatten(axis), -1).reshape(i[0].shape)
        elif op == "Clip":
            low, high = (a.get("min"), a.get("max")) if opset < 11 else (i[1].item(), i[2].item())
            v = i[0].clamp(low, high)
        elif op in ("ReduceMean", "ReduceSum"):
            v = (torch.mean if op == "ReduceMean" else torch.sum)(i[0], ints(1, "axes"), keepdim=bool(a.get("keepdims", 1)))
        elif op == "GlobalAveragePool":
            v = i[0].mean((2, 3), keepdim=True)
        elif op == "Reshape":
            v = i[0].reshape([i[0].shape[j] if d == 0 else d for j, d in enumerate(i[1].tolist())])
        elif op == "Flatten":
            v = i[0].flatten(a.get("axis", 1))
        elif op == "Squeeze":
            v = i[0].squeeze(ints(1, "axes"))
        elif op == "Unsqueeze":
            v = i[0]
            for d in sorted(ints(1, "axes")):
                v = v.unsqueeze(d)
        elif op == "Transpose":
            v = i[0].permute(a.get("perm", list(range(i[0].dim()))[::-1]))
        elif op == "Concat":
            v = torch.cat(i, a["axis"])
        elif op == "Split":
            sizes = ints(1, "split")
            v = torch.split(i[0], sizes if sizes else -(-i[0].shape[a.get("axis", 0)] // len(n.output)), a.get("axis", 0))
        elif op == "Slice":
            v, starts, ends = i[0], ints(1, "starts"), ints(2, "ends")
            axes, steps = ints(3, "axes") or range(len(starts)), (ints(4, "steps") or [1] * len(starts))
            for s, e, d, k in zip(starts, ends, axes, steps):
                index = range(v.shape[d])[slice(s, e if e > -2**60 else None, k)]
                v = v.index_select(d, torch.tensor(list(index)))
        elif op == "Gather":
            v = i[0].index_select(a.get("axis", 0), i[1].reshape(-1) % i[0].shape[a.get("axis", 0)])
            v = v.reshape(i[0].shape[:a.get("axis", 0)] + i[1].shape + i[0].shape[a.get("axis", 0) + 1:])
        elif op == "Pad":
            p = ints(1, "pads")
            v = F.pad(i[0], [x for d in reversed(range(i[0].dim())) for x in (p[d], p[d + i[0].dim()])])
        elif op == "Cast":
            v = i[0].to({1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool}[a["to"]])
        elif op == "Shape":
            v = torch.tensor(i[0].shape)[a.get("start", 0):a.get("end")]
        elif op == "ConstantOfShape":
            v = torch.full(i[0].tolist(), numpy_helper.to_array(a["value"]).item() if "value" in a else 0.0)
        elif op == "Expand":
            v = i[0].expand(torch.broadcast_shapes(i[0].shape, tuple(i[1].tolist())))
        elif op == "Where":
            v = torch.where(*i)
        elif op == "Div":
            v = i[0] / i[1] if i[0].dtype.is_floating_point else i[0] // i[1]
        elif op == "Upsample":
            v = F.interpolate(i[0], scale_factor=i[1].tolist()[2:], mode="nearest")
        elif op == "Dropout":
            v = i[0]
        elif op == "HardSigmoid":
            v = (a["alpha"] * i[0] + a["beta"]).clamp(0, 1)
        else:
            simple = {"Relu": F.relu, "Sigmoid": torch.sigmoid, "Erf": torch.erf, "HardSwish": F.hardswish, "Add": torch.add, "Sub": torch.sub, "Mul": torch.mul,
                      "MatMul": torch.matmul, "Equal": torch.eq}
            v = simple[op](*i)
        for name, value in zip(n.output, v if isinstance(v, tuple) else [v]):
            values[name] = value
        if output in n.output:
            return values[output], weights
    raise ValueError(output)


golden = {}
for path, output, shape, scale in NETWORKS:
    model = onnx.load(path, load_external_data=True)
    x = (scale * (hashed(np.prod(shape)) / 2**31 - 1)).astype(np.float32).reshape(shape)
    y, weights = run(model, torch.from_numpy(x), output)
    if output not in [o.name for o in model.graph.output]:
        model.graph.output.append(onnx.helper.make_tensor_value_info(output, 1, None))
    want = onnxruntime.InferenceSession(model.SerializeToString()).run([output], {model.graph.input[0].name: x})[0]
    off = np.linalg.norm(y.detach().numpy() - want) / np.linalg.norm(want)
    assert off < 1e-5, (path.name, off)
    flat = y.reshape(-1)
    (flat * torch.cos(torch.arange(flat.numel(), dtype=torch.float32))).sum().backward()
    norms = {name: float(f"{w.grad.norm().item():.6g}") for name, w in weights.items() if w.grad is not None}
    golden[path.name] = {"output": output, "shape": shape, "scale": scale, "norms": norms}
    print(path.name, f"features within {off:.1e} of onnxruntime's; {len(norms)} gradients")
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(g, separators=(',', ':'))}" for name, g in golden.items())
(TESTDATA / "gradients.json").write_text("{\n" + lines + "\n}\n")
