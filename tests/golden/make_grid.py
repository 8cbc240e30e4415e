#!/usr/bin/env python3
"""Writes blocks_grid.bin: what the rule of llama.cpp's quantiser makes of weights with importance, one float32 operation after the other; read by tests/unit/kernels/test_blocks.c.

    tests/golden/make_grid.py                            # needs numpy; the same bytes every time
    tests/golden/make_grid.py --ggml libggml-base.so     # also says how many bytes llama.cpp's library makes different

Records as in blocks.bin (make_blocks.py): kind 5, 512 weights and their 512 importances; kind 6, the element type and the bytes that the last ones become.
"""
import argparse
import ctypes
import pathlib
import struct

import numpy as np

F = np.float32
Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K = 2, 3, 6, 7, 12, 13, 14
N = 512
LEAST = F(1e-15)


def nearest(v, lo, hi):
    return int(np.clip(np.rint(v), lo, hi))


def fit_symmetric(x, w, top):
    """(scale, levels from 0): x ~ scale * (level - top)."""
    extreme = F(0)
    for v in x:
        extreme = v if abs(v) > abs(extreme) else extreme
    if abs(extreme) < LEAST:
        return F(0), [0] * len(x)
    scale, best, kept = F(0), F(0), None
    for step in [0] + [s for s in range(-9, 10) if s]:
        inverse = -(F(top) + F(0.1) * F(step)) / extreme
        levels = [nearest(inverse * v, -top, top - 1) for v in x]
        xl = ll = F(0)
        for v, u, level in zip(x, w, levels):
            xl += u * v * F(level)
            ll += u * F(level) * F(level)
        kept = kept or levels
        if ll > 0 and xl * xl > best * ll:
            scale, kept = xl / ll, levels
            best = scale * xl
    return scale, [level + top for level in kept]


def line_error(x, w, levels, scale, least):
    error = F(0)
    for v, u, level in zip(x, w, levels):
        e = scale * F(level) + least - v
        error += u * (e * e)
    return error


def fit_affine(x, w, top):
    """(scale, min, levels): x ~ scale * level - min."""
    least, most = min(min(x), F(0)), max(x)  # of zeros of either sign the first
    sum_w = sum_x = F(0)
    for v, u in zip(x, w):
        sum_w += u
        sum_x += u * v
    if most <= least:
        return F(0), -least, [0] * len(x)
    inverse = F(top) / (most - least)
    scale, kept = F(1) / inverse, [nearest(inverse * (v - least), 0, top) for v in x]
    best = line_error(x, w, kept, scale, least)
    for step in range(37):
        inverse = (F(-0.9) + F(0.05) * F(step) + F(top)) / (most - least)
        levels = [nearest(inverse * (v - least), 0, top) for v in x]
        s_l = s_ll = s_xl = F(0)
        for v, u, level in zip(x, w, levels):
            s_l += u * F(level)
            s_ll += u * F(level) * F(level)
            s_xl += u * F(level) * v
        det = sum_w * s_ll - s_l * s_l
        if not det > 0:
            continue
        a, b = (sum_w * s_xl - sum_x * s_l) / det, (s_ll * sum_x - s_l * s_xl) / det
        if b > 0:
            a, b = s_xl / s_ll, F(0)
        error = line_error(x, w, levels, a, b)
        if error < best:
            best, scale, least, kept = error, a, b, levels
    return scale, -least, kept


def fit_integers(values, w, top):
    """(factor, integers): values ~ factor * integer."""
    most = max(F(0), max(values))
    if most < LEAST:
        return F(0), [0] * len(values)

    def error(inverse):
        total = F(0)
        for v, u in zip(values, w):
            e = v - F(1) / inverse * F(nearest(inverse * v, 0, top))
            total += u * e * e
        return total

    inverse = F(top) / most
    best = error(inverse)
    for step in (-4, -3, -2, -1, 1, 2, 3, 4):
        other = (F(0.1) * F(step) + F(top)) / most
        if error(other) < best:
            best, inverse = error(other), other
    integers = [nearest(inverse * v, 0, top) for v in values]
    xl = ll = F(0)
    for v, u, q in zip(values, w, integers):
        xl += u * v * F(q)
        ll += u * F(q) * F(q)
    for _ in range(5):
        before = list(integers)
        for i, (v, u) in enumerate(zip(values, w)):
            a, b = xl - u * v * F(integers[i]), ll - u * F(integers[i]) * F(integers[i])
            if not (a > 0 and b > 0):
                continue
            q = nearest(v * b / a, 0, top)
            if q == integers[i]:
                continue
            a, b = a + u * v * F(q), b + u * F(q) * F(q)
            if a * a * ll > xl * xl * b:
                integers[i], xl, ll = q, a, b
        if before == integers:
            break
    return xl / ll if ll > 0 else F(0), integers


def half(v):
    return np.float16(v).tobytes()


def sum_squares(x):
    total = F(0)
    for v in x:
        total += v * v
    return total


def nibbles_of_32(levels):
    return bytes((levels[i] & 15) | (levels[i + 16] & 15) << 4 for i in range(16))


def fifths_of_32(levels):
    return struct.pack("<I", sum((level >> 4) << i for i, level in enumerate(levels)))


def write_32(x, importance, kind):
    out, mean = b"", sum_squares(x) / F(N)
    w = importance * np.sqrt(mean + x * x)
    for b in range(0, N, 32):
        if kind in (Q4_1, Q5_1):
            scale, least, levels = fit_affine(x[b:b + 32], w[b:b + 32], 15 if kind == Q4_1 else 31)
            out += half(scale) + half(-least)
        else:
            scale, levels = fit_symmetric(x[b:b + 32], w[b:b + 32], 8 if kind == Q4_0 else 16)
            out += half(scale)
        out += (fifths_of_32(levels) if kind in (Q5_0, Q5_1) else b"") + nibbles_of_32(levels)
    return out


def write_q45_k(x, importance, top):
    w = importance * np.sqrt(F(2) * sum_squares(x) / F(256) + x * x)
    groups = [slice(g, g + 32) for g in range(0, 256, 32)]
    lines = [fit_affine(x[g], w[g], top) for g in groups]
    weights = []
    for g in groups:
        total = F(0)
        for u in w[g]:
            total += u
        weights.append(total)
    d, scale = fit_integers([line[0] for line in lines], weights, 63)
    m, least = fit_integers([line[1] for line in lines], weights, 63)
    levels = []
    for g, line, s, l in zip(groups, lines, scale, least):
        step, add = F(np.float16(d)) * F(s), F(np.float16(m)) * F(l)
        levels += [nearest((v + add) / step, 0, top) for v in x[g]] if step != 0 else line[2]
    packed = bytearray(12)
    for i in range(4):
        packed[i] = scale[i] | scale[i + 4] >> 4 << 6
        packed[i + 4] = least[i] | least[i + 4] >> 4 << 6
        packed[i + 8] = scale[i + 4] & 15 | (least[i + 4] & 15) << 4
    fifth = bytes(sum((levels[32 * g + i] >> 4) << g for g in range(8)) for i in range(32))
    low = bytes((levels[64 * c + i] & 15) | (levels[64 * c + 32 + i] & 15) << 4 for c in range(4) for i in range(32))
    return half(d) + half(m) + bytes(packed) + (fifth if top == 31 else b"") + low


def write_q6_k(x, importance):
    groups = [slice(g, g + 16) for g in range(0, 256, 16)]
    fits = [fit_symmetric(x[g], importance[g], 32) for g in groups]
    extreme = F(0)
    for scale, _ in fits:
        extreme = scale if abs(scale) > abs(extreme) else extreme
    if abs(extreme) < LEAST:
        return bytes(210)
    inverse = F(-128) / extreme
    d, scales, levels = F(1) / inverse, [nearest(inverse * scale, -128, 127) for scale, _ in fits], []
    for g, scale, (_, own) in zip(groups, scales, fits):
        step = F(np.float16(d)) * F(scale)
        levels += [nearest(v / step, -32, 31) + 32 for v in x[g]] if step != 0 else own
    low = bytes((levels[128 * h + i] & 15) | (levels[128 * h + 64 + i] & 15) << 4 for h in range(2) for i in range(64))
    high = bytes(sum((levels[128 * h + 32 * k + i] >> 4) << 2 * k for k in range(4)) for h in range(2) for i in range(32))
    return low + high + struct.pack("16b", *scales) + half(d)


def write(kind, x, importance):
    if kind in (Q4_0, Q4_1, Q5_0, Q5_1):
        return write_32(x, importance, kind)
    out = b""
    for b in range(0, N, 256):
        here = x[b:b + 256], importance[b:b + 256]
        out += write_q6_k(*here) if kind == Q6_K else write_q45_k(*here, 31 if kind == Q5_K else 15)
    return out


def cases(rng):
    normal, holes = rng.normal(size=N), rng.normal(size=N)
    holes[40:80] = holes[256:] = 0
    return [normal * 0.02, rng.laplace(size=N), normal * np.where(rng.random(N) < 0.02, 20, 1), normal + 2, normal - 3, normal * (rng.random(N) < 0.1), normal * 1e-6, holes,
            np.rint(normal * 4) * 0.25]


def differences(path, records):
    chunk = ctypes.CDLL(path).ggml_quantize_chunk
    chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    n = 0
    for kind, x, importance, raw in records:
        theirs = np.empty(len(raw), dtype=np.uint8)
        chunk(kind, x.ctypes.data, theirs.ctypes.data, 0, 1, N, importance.ctypes.data)
        n += int((theirs != np.frombuffer(raw, dtype=np.uint8)).sum())
    return n


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--ggml")
    ggml = arguments.parse_args().ggml
    rng = np.random.default_rng(20261127)
    records, out = [], b"MOTEBLK1"
    for number, x in enumerate(cases(rng)):
        importance = rng.exponential(size=N)
        if number % 3 == 2:  # columns that nothing enters
            importance *= rng.random(N) < 0.8
        x, importance = x.astype(F), importance.astype(F)
        out += struct.pack("<4I", 5, number, 2 * N, 0) + x.tobytes() + importance.tobytes()
        for kind in (Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K):
            raw = write(kind, x, importance)
            records.append((kind, x, importance, raw))
            out += struct.pack("<4I", 6, kind, 0, len(raw)) + raw
    pathlib.Path(__file__).with_name("blocks_grid.bin").write_bytes(out)
    if ggml:
        print(differences(ggml, records), "bytes of", sum(len(r[3]) for r in records), "differ from llama.cpp's")


main()
