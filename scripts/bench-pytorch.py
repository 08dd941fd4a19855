#!/usr/bin/env python3
"""What `dvml bench` measures, measured in PyTorch: prints one JSON line under the keys of `dvml bench --json`.

    python scripts/bench-pytorch.py [--only caffe,bn,layers] [--batch 32] [--size 227] [--repeat 3]

caffe is GoogLeNet as BVLC published it (biases, local response normalisation, 5x5 convolutions) under the losses of Deep Variational Metric Learning
around the semi-hard triplet loss; bn is torchvision's GoogLeNet under the sum of its features. A training step is forward, losses, backward and Adam.
Tensors are channels last, which oneDNN is fastest with. Each figure is the best of several runs, the first left out. Needs torch and torchvision.
"""
import argparse
import json
import resource
import time

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

LAST = torch.channels_last
# side, channels in and out, kernel: dvml bench's layers
LAYERS = [(56, 64, 192, 3), (28, 128, 192, 3), (28, 96, 128, 3), (14, 512, 160, 1), (14, 112, 224, 3), (7, 192, 384, 3), (28, 32, 96, 5)]
# Szegedy et al. 2015, table 1: outputs of 1x1; reduction and 3x3; reduction and 5x5; projection behind the pool
INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}


def conv(inputs, outputs, kernel, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, inputs, one, reduce3, three, reduce5, five, pool):
        super().__init__()
        self.one = conv(inputs, one, 1)
        self.three = nn.Sequential(conv(inputs, reduce3, 1), conv(reduce3, three, 3))
        self.five = nn.Sequential(conv(inputs, reduce5, 1), conv(reduce5, five, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(inputs, pool, 1))

    def forward(self, x):
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)


def original():
    pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
    norm = lambda: nn.LocalResponseNorm(5, 1e-4, 0.75)
    layers = [conv(3, 64, 7, 2), pool(), norm(), conv(64, 64, 1), conv(64, 192, 3), norm(), pool()]
    inputs = 192
    for name, shape in INCEPTION.items():
        layers.append(Inception(inputs, *shape))
        inputs = shape[0] + shape[2] + shape[4] + shape[5]
        if name in ("3b", "4e"):
            layers.append(pool())
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def batch_norm():
    net = torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    net.dropout, net.fc = nn.Identity(), nn.Identity()
    return net


def semi_hard(z, labels, margin=1.0):
    """For each positive pair the closest negative beyond the positive, or the farthest negative where none is; mean over the pairs."""
    squares = (z * z).sum(1)
    d = (squares[:, None] - 2 * z @ z.T + squares[None, :]).clamp(min=0)
    same = labels[:, None] == labels[None, :]
    beyond = (d[:, None, :] > d[:, :, None]) & ~same[:, None, :]  # [anchor, positive, negative]
    closest = d[:, None, :].masked_fill(~beyond, torch.inf).amin(2)
    farthest = d.masked_fill(same, -torch.inf).amax(1, keepdim=True)
    negative = torch.where(torch.isinf(closest), farthest.expand_as(closest), closest)
    terms = F.relu(margin + d - negative)
    return terms[same & ~torch.eye(len(z), dtype=torch.bool)].mean()


class Objective(nn.Module):
    """DVML's four losses (Lin et al. 2018, equations 6 to 10), all of weight 1, on features [B,1024]."""

    def __init__(self, features=1024, dim=128, hidden=512):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(features, dim) for _ in range(3))
        self.decoder = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, features))

    def forward(self, x, labels):
        invariant, mean, log_variance = (head(x) for head in self.heads)
        z = invariant + mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        kl = 0.5 * (log_variance.exp() + mean * mean - log_variance - 1).sum(1).mean()
        reconstruction = (self.decoder(z) - x.detach()).norm(dim=1).mean()
        return kl + reconstruction + semi_hard(z, labels) + semi_hard(invariant, labels)


def best(n, run):
    times = []
    for _ in range(n + 1):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times[1:])


def network(net, objective, batch, size, repeat):
    net = net.to(memory_format=LAST).train()
    images = torch.randn(batch, 3, size, size).contiguous(memory_format=LAST)
    labels = torch.arange(batch) // 2
    parameters = list(net.parameters()) + (list(objective.parameters()) if objective else [])
    adam = torch.optim.Adam(parameters, lr=1e-5)

    def step():
        features = net(images)
        loss = objective(features, labels) if objective else features.sum()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    figures = {"train_img_s": batch / best(repeat, step)}
    net.eval()
    with torch.inference_mode():
        figures["embed_img_s"] = batch / best(repeat, lambda: net(images))
        one = images[:1].contiguous(memory_format=LAST)
        figures["embed_one_ms"] = 1e3 * best(2 * repeat, lambda: net(one))
    return figures


def layers(batch, repeat):
    figures = {}
    for side, inputs, outputs, kernel in LAYERS:
        x = torch.randn(batch, inputs, side, side).contiguous(memory_format=LAST)
        w = torch.randn(outputs, inputs, kernel, kernel).contiguous(memory_format=LAST)
        dy = torch.randn(batch, outputs, side, side).contiguous(memory_format=LAST)
        operations = 2e-9 * batch * side * side * inputs * outputs * kernel * kernel
        with torch.inference_mode():
            forward = best(repeat, lambda: F.conv2d(x, w, padding=kernel // 2))
        xg, wg = x.requires_grad_(), w.requires_grad_()
        both = best(repeat, lambda: torch.autograd.grad(F.conv2d(xg, wg, padding=kernel // 2), (xg, wg), dy))
        figures[f"{kernel}x{kernel} {side}x{side} {inputs}->{outputs}"] = [operations / forward, 3 * operations / both]
    return figures


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--only", default="caffe,bn,layers")
    ask.add_argument("--batch", type=int, default=32)
    ask.add_argument("--size", type=int, default=227)
    ask.add_argument("--repeat", type=int, default=3)
    a = ask.parse_args()
    torch.manual_seed(1)
    result = {"engine": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(), "batch": a.batch, "size": a.size}
    parts = a.only.split(",")
    if "caffe" in parts:
        result["caffe"] = network(original(), Objective(), a.batch, a.size, a.repeat)
    if "bn" in parts:
        result["bn"] = network(batch_norm(), None, a.batch, a.size, a.repeat)
    if "layers" in parts:
        result["layers"] = layers(a.batch, a.repeat)
    result["max_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


main()
