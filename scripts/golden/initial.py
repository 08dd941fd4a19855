#!/usr/bin/env python3
"""Writes internal/initial/testdata/golden.json: first values, drawn by an implementation of its own.

A variable's values come from PCG-DXSM (O'Neill, and its form in NumPy and Go's math/rand/v2) with
the state (seed, FNV-1a of the variable's path), 53 bits a number. Standard library only.
"""
import hashlib, json, math, os, struct

MASK = (1 << 64) - 1


def fnv1a(text):
    h = 14695981039346656037
    for byte in text.encode():
        h = (h ^ byte) * 1099511628211 & MASK
    return h


class PCG:
    MULTIPLIER = 2549297995355413924 << 64 | 4865540595714422341
    INCREMENT = 6364136223846793005 << 64 | 1442695040888963407
    CHEAP = 0xDA942042E4DD58B5

    def __init__(self, high, low):
        self.state = high << 64 | low

    def float64(self):
        self.state = (self.state * self.MULTIPLIER + self.INCREMENT) & ((1 << 128) - 1)
        high, low = self.state >> 64, self.state & MASK
        high ^= high >> 32
        high = high * self.CHEAP & MASK
        high ^= high >> 48
        high = high * (low | 1) & MASK
        return (high & ((1 << 53) - 1)) / (1 << 53)


def uniform(seed, path, r, n):
    rng = PCG(seed, fnv1a(path))
    return b"".join(struct.pack("<f", (2 * rng.float64() - 1) * r) for _ in range(n))


cases = []
for seed, path, fan_in, fan_out, dims in [
    (0, "/heads/z_i/weights", 6, 4, [6, 4]),
    (1, "/heads/z_i/weights", 6, 4, [6, 4]),
    (1, "/backbone/conv1_7x7_s2/weights", 7 * 7 * 3, 7 * 7 * 64, [7, 7, 3, 64]),
    ((1 << 64) - 1, "/loss/proxies", 100, 128, [100, 128]),
]:
    values = uniform(seed, path, math.sqrt(6 / (fan_in + fan_out)), math.prod(dims))
    first = [x for x in struct.unpack("<8f", values[:32])]
    cases.append(dict(seed=seed, path=path, fan_in=fan_in, fan_out=fan_out, dims=dims, first=first, sha256=hashlib.sha256(values).hexdigest()))

out = os.path.join(os.path.dirname(__file__), "../../internal/initial/testdata/golden.json")
os.makedirs(os.path.dirname(out), exist_ok=True)
with open(out, "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
