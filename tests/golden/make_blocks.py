#!/usr/bin/env python3
"""Writes blocks.bin: what the reference library of GGUF (Python package gguf) makes of blocks and of floats; read by tests/unit/kernels/test_blocks.c.

    pip install gguf==0.19.0 numpy
    tests/golden/make_blocks.py                       # blocks.bin, the same bytes every time
    tests/golden/make_blocks.py --ggml libggml-base.so   # also blocks_rmse.txt: errors of llama.cpp's own quantisers on the inputs of blocks.bin

blocks.bin, little-endian: "MOTEBLK1", then records of four uint32 (kind, number, n_floats, n_bytes), the floats and the bytes.
    kind 1  dequantise: bytes of element type `number` and the floats they are
    kind 2  quantise: floats and the bytes of element type `number` they become
    kind 3  floats of case `number` of blocks_rmse.txt;  kind 4  their importance
"""
import argparse
import ctypes
import pathlib
import struct

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

HERE = pathlib.Path(__file__).parent
WRITABLE = [T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0]
SEARCHED = [T.Q2_K, T.Q3_K, T.Q4_K, T.Q5_K, T.Q6_K, T.IQ4_NL, T.IQ4_XS]
# offsets of half-precision scales in a block
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
          T.IQ4_NL: [0], T.IQ4_XS: [0]}
# ordinary, negative, subnormal, least, greatest, both zeros, infinity
SCALES = np.array([0.0123, -0.37, 3e-6, -6e-8, 65504, 0.0, -0.0, np.inf], dtype=np.float16)


def record(out, kind, number, floats, data=b""):
    floats = np.ascontiguousarray(floats, dtype=np.float32)
    out.append(struct.pack("<4I", kind, number, floats.size, len(data)) + floats.tobytes() + data)


def dequantise_records(out, rng):
    for t in WRITABLE + SEARCHED:
        length, size = GGML_QUANT_SIZES[t]
        n_blocks = 256 if length == 1 else 8 if length == 32 else 3
        raw = rng.integers(0, 256, size=(n_blocks, size), dtype=np.uint8)
        for i in range(n_blocks):
            for k, at in enumerate(HALVES.get(t, [])):
                raw[i, at:at + 2] = np.frombuffer(SCALES[(i + 3 * k) % len(SCALES)].tobytes(), dtype=np.uint8)
        with np.errstate(all="ignore"):
            record(out, 1, int(t), dequantize(raw, t), raw.tobytes())


def quantise_records(out, rng):
    x = np.concatenate([
        rng.normal(size=128), rng.laplace(size=64) * 1e-3, rng.integers(-20, 20, size=64) * 0.5, np.zeros(32), np.full(32, -0.7), rng.normal(size=32) * 1e-7,
        rng.normal(size=32) * 1e-39, rng.normal(size=32) * 1e-44, rng.normal(size=32) * 1e5, np.exp(rng.uniform(-80, 88, size=64)) * rng.choice([-1, 1], size=64)])
    x = x.astype(np.float32)
    for t in WRITABLE:
        with np.errstate(all="ignore"):
            record(out, 2, int(t), x, quantize(x, t).tobytes())


def cases(rng):
    n = 512
    outlier = rng.normal(size=n) * np.where(rng.random(n) < 0.02, 20, 1)
    return {"gauss": rng.normal(size=n) * 0.02, "laplace": rng.laplace(size=n), "outlier": outlier, "tiny": rng.normal(size=n) * 1e-6, "equal": np.full(n, 0.37),
            "equal_negative": np.full(n, -0.37), "zero": np.zeros(n), "shifted": rng.normal(size=n) + 2, "sparse": rng.normal(size=n) * (rng.random(n) < 0.1)}


def llama_rmse(path, inputs, importance):
    class Parameters(ctypes.Structure):
        _fields_ = [("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool)]

    ggml = ctypes.CDLL(path)
    ggml.ggml_init.argtypes = [Parameters]
    ggml.ggml_init(Parameters(1 << 20, None, False))
    chunk = ggml.ggml_quantize_chunk
    chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    lines = []
    for number, (name, x) in enumerate(inputs.items()):
        for t in SEARCHED:
            for weighted in (0, 1):
                length, size = GGML_QUANT_SIZES[t]
                raw = np.empty(x.size // length * size, dtype=np.uint8)
                chunk(int(t), x.ctypes.data, raw.ctypes.data, 0, 1, x.size, importance.ctypes.data if weighted else None)
                w = importance.astype(np.float64) if weighted else np.ones(x.size)
                error = dequantize(raw, t).reshape(-1).astype(np.float64) - x
                lines.append(f"{number} {int(t)} {weighted} {np.sqrt((w * error**2).sum() / w.sum()):.9e}  # {name} {t.name}")
    return lines


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--ggml")
    ggml = arguments.parse_args().ggml
    rng = np.random.default_rng(20240917)
    out = [b"MOTEBLK1"]
    dequantise_records(out, rng)
    quantise_records(out, rng)
    inputs = {k: v.astype(np.float32) for k, v in cases(rng).items()}
    importance = rng.exponential(size=512).astype(np.float32)
    for number, x in enumerate(inputs.values()):
        record(out, 3, number, x)
    record(out, 4, 0, importance)
    (HERE / "blocks.bin").write_bytes(b"".join(out))
    if ggml:
        head = ["# Weighted root mean square error of llama.cpp's quantisers (ggml_quantize_chunk, commit 0c1e570) on the inputs of blocks.bin, by make_blocks.py --ggml.",
                "# case, element type, with importance, error"]
        (HERE / "blocks_rmse.txt").write_text("\n".join(head + llama_rmse(ggml, inputs, importance)) + "\n")


main()
