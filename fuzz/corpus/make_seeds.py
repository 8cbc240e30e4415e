#!/usr/bin/env python3
"""Writes the first seeds of corpus/{gguf,json,safetensors,npy,imatrix,adapter,session}: tiny well-formed files that reach every branch a mutation could start from.
Files that a fuzzer found (named by their hash) stay beside them."""
import hashlib
import json
import pathlib
import struct

here = pathlib.Path(__file__).parent


def put(path, data):
    (here / path).parent.mkdir(exist_ok=True)
    (here / path).write_bytes(data)


def string(s):
    s = s.encode()
    return struct.pack("<Q", len(s)) + s


SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}


def value(kind, x):
    if kind == 8:
        return string(x)
    if kind == 9:
        item, xs = x
        return struct.pack("<IQ", item, len(xs)) + b"".join(value(item, y) for y in xs)
    return struct.pack("<" + SCALARS[kind], x)


def gguf(keys, tensors, version=3, alignment=32, data=None):
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    for key, kind, x in keys:
        out += string(key) + struct.pack("<I", kind) + value(kind, x)
    offset = 0
    for name, dims, kind, size in tensors:
        out += string(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims) + struct.pack("<IQ", kind, offset)
        offset += -(-size // alignment) * alignment
    out += bytes(-len(out) % alignment)
    for i, (_, _, _, size) in enumerate(tensors):
        out += (data[i] if data else bytes(range(size))) + bytes(-size % alignment)
    return out


def panels(items, body_bytes, version=1, n_items=None):
    head = b"MOTEPANL" + struct.pack("<II", version, len(items) if n_items is None else n_items) + bytes(range(32)) + bytes(32) + struct.pack("<QQ", body_bytes, 1)
    head += b"".join(struct.pack("<QQQ", *item) for item in items)
    return head + hashlib.sha256(head).digest()


put("panels/none", panels([], 0))
put("panels/two", panels([(0, 4096, 12), (4096, 64, 0)], 8192))
put("panels/overlap", panels([(0, 4096, 12), (4032, 64, 0)], 8192))
put("panels/outside", panels([(8192, 1, 0)], 8192))
put("panels/wraps", panels([(64, 2**64 - 1, 0)], 8192))
put("panels/version", panels([], 0, version=2))
put("panels/count", panels([], 0, n_items=60001))
put("panels/cut", panels([(0, 4096, 12)], 8192)[:-33])
put("panels/damaged", panels([], 0)[:-1] + b"\0")
put("gguf/empty", gguf([], []))
put("gguf/scalars", gguf([(f"k{kind}", kind, 1) for kind in SCALARS] + [("s", 8, "text")], [], version=2))
put("gguf/arrays", gguf([(f"a{kind}", 9, (kind, [0, 1])) for kind in SCALARS] + [("s", 9, (8, ["a", "", "bc"]))], []))
put("gguf/tensors", gguf([("general.alignment", 4, 64)], [("a", [8, 2], 0, 64), ("b", [32], 8, 34), ("c", [1, 1, 1, 1], 24, 1)], alignment=64))
put("gguf/overlap", gguf([], [("a", [8], 0, 32), ("b", [8], 0, 0)]))



def gguf_floats(keys, tensors):
    return gguf(keys, [(name, dims, 0, 4 * len(xs)) for name, dims, xs in tensors], data=[struct.pack(f"<{len(xs)}f", *xs) for _, _, xs in tensors])


put("imatrix/gguf", gguf_floats([("general.type", 8, "imatrix"), ("imatrix.datasets", 9, (8, ["a"])), ("imatrix.chunk_count", 4, 1), ("imatrix.chunk_size", 4, 8)],
                                [("a.weight.in_sum2", [4, 2], [1.0] * 8), ("a.weight.counts", [1, 2], [2.0, 0.0]),
                                 ("b.weight.in_sum2", [4], [0.5] * 4), ("b.weight.counts", [1], [3.0])]))
put("imatrix/dat", struct.pack("<ii8sii4f", 1, 8, b"a.weight", 2, 4, 1.0, 2.0, 3.0, 4.0) + struct.pack("<ii1s", 1, 1, b"t"))

put("json/all", b' {"a": [1, -2, 0.5, 1e3, true, false, null], "\\u00e9\\ud83d\\ude00": "x\\n\\u0000y", "e": {}, "f": []}\n')
put("json/integers", b"[9223372036854775807,-9223372036854775808,9223372036854775808,-9223372036854775809,18446744073709551616]")
put("json/reals", b"[1.5,2.5e-300,123456789012345678e-5,0.1,5e-324,1.7976931348623157e308,1e22]")
put("json/nested", b"[" * 40 + b'{"a":' * 40 + b"1" + b"}" * 40 + b"]" * 40)
put("json/duplicate", b'{"a":1,"\\u0061":2}')


def safetensors(header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


put("safetensors/two", safetensors({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                                    "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}}, bytes(22)))
put("safetensors/empty", safetensors({}, b""))
put("safetensors/scalars", safetensors({"s": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}, "z": {"dtype": "U8", "shape": [0, 4], "data_offsets": [8, 8]},
                                        "f": {"dtype": "F4", "shape": [2], "data_offsets": [8, 9]}}, bytes(9)))
put("safetensors/gap", safetensors({"a": {"dtype": "I8", "shape": [1], "data_offsets": [1, 2]}}, bytes(2)))


def npy(text, data, version=1):
    text = text.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


put("npy/two", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", bytes(24)))
put("npy/one", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", bytes(12), 2))
put("npy/scalar", npy('{"shape": (), "fortran_order": False, "descr": "<f4"}', bytes(4), 3))
put("npy/double", npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1,), }", bytes(8)))


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def importance(*entries, rest=b""):
    return struct.pack("<i", len(entries)) + b"".join(struct.pack("<i", len(n)) + n + struct.pack("<ii", calls, len(v)) + floats(*v) for n, calls, v in entries) + rest


put("imatrix/old", importance((b"a.weight", 2, (1, 2)), (b"b.weight", 0, (3,)), rest=struct.pack("<ii", 5, 4) + b"text"))
put("imatrix/old_bare", importance((b"a.weight", 1, (1,))))
put("imatrix/new", gguf([("general.type", 8, "imatrix"), ("imatrix.datasets", 9, (8, ["text"])), ("imatrix.chunk_count", 4, 2)],
                        [("a.in_sum2", [4, 2], 0, 32), ("a.counts", [1, 2], 0, 8), ("b.in_sum2", [2], 0, 8), ("b.counts", [1], 0, 4)]))


def adapter_keys(family):
    return [("general.type", 8, "adapter"), ("general.architecture", 8, family), ("adapter.type", 8, "lora"), ("adapter.lora.alpha", 6, 4.0)]


def pair(name, n_in, n_out):
    return [(f"{name}.lora_a", [n_in, 1], 1, 2 * n_in), (f"{name}.lora_b", [1, n_out], 1, 2 * n_out)]


put("adapter/gguf", gguf(adapter_keys("llama"), pair("blk.0.attn_q.weight", 32, 32) + pair("blk.1.ffn_down.weight", 48, 32) + pair("output.weight", 32, 40)))
put("adapter/gguf-hash", gguf(adapter_keys("llama") + [("adapter.base.sha256", 8, "00")], pair("blk.1.attn_v.weight", 32, 16)))
put("adapter/gguf-other", gguf(adapter_keys("qwen2"), pair("blk.0.attn_q.weight", 32, 32)))


def peft(more, tensors):
    config = json.dumps({"peft_type": "LORA", "r": 1, "lora_alpha": 2, "bias": "none", **more}).encode()
    header, at = {}, 0
    for name, shape in tensors:
        size = 2
        for n in shape:
            size *= n
        header["base_model.model." + name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return struct.pack("<I", len(config)) + config + safetensors(header, bytes(60 * (i % 2) + i % 3 for i in range(at)))


def module(name, n_in, n_out, magnitude=False):
    return [(f"{name}.lora_A.weight", [1, n_in]), (f"{name}.lora_B.weight", [n_out, 1])] + ([(f"{name}.lora_magnitude_vector", [n_out])] if magnitude else [])


put("adapter/peft", peft({}, module("model.layers.0.self_attn.k_proj", 32, 16) + module("lm_head", 32, 40)))
put("adapter/peft-rslora", peft({"use_rslora": True, "rank_pattern": {"o_proj": 1}, "alpha_pattern": {"^model.layers.1.mlp.up_proj$": 3, "mlp\\.up": 1}},
                                module("layers.1.mlp.up_proj", 32, 48) + module("model.layers.0.self_attn.o_proj", 32, 32)))
put("adapter/peft-dora", peft({"use_dora": True}, module("model.layers.0.mlp.down_proj", 48, 32, True) + module("model.layers.1.self_attn.q_proj", 32, 32, True)))
put("adapter/peft-refused", peft({"modules_to_save": ["lm_head"]}, module("model.layers.0.mlp.gate_proj", 32, 48)))


def integers(layout, bits, group_size, tensors):
    """A first byte for layout and bits, one for the group size (over 127: zero points less 1), then the file; numbers are 0, so that groups are in range."""
    sizes = {"I32": 4, "F16": 2, "F32": 4, "I64": 8, "I8": 1}
    head, data = {}, b""
    for name, dtype, shape, content in tensors:
        n = sizes[dtype]
        for dim in shape:
            n *= dim
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + n]}
        data += content or bytes(n)
    text = json.dumps(head, separators=(",", ":")).encode()
    return bytes([layout + 4 * bits, group_size]) + struct.pack("<Q", len(text)) + text + data


GPTQ = [("m.qweight", "I32", [3, 32], None), ("m.qzeros", "I32", [1, 3], None), ("m.scales", "F16", [1, 32], None), ("m.g_idx", "I32", [32], None)]
put("int_matrix/gptq3", integers(0, 3, 32 + 128, GPTQ))
put("int_matrix/gptq4", integers(0, 4, 0, [("m.qweight", "I32", [2, 8], None), ("m.qzeros", "I32", [1, 1], None), ("m.scales", "F32", [1, 8], None)]))
put("int_matrix/awq", integers(1, 4, 8, [("m.qweight", "I32", [16, 1], None), ("m.qzeros", "I32", [2, 1], None), ("m.scales", "F16", [2, 8], None)]))
put("int_matrix/packed", integers(2, 4, 8, [("m.weight_packed", "I32", [3, 2], None), ("m.weight_scale", "F16", [3, 2], None), ("m.weight_zero_point", "I32", [1, 2], None),
                                            ("m.weight_shape", "I64", [2], struct.pack("<qq", 3, 13))]))
put("int_matrix/plain", integers(3, 8, 0, [("m.weight", "I8", [3, 5], None), ("m.weight_scale", "F32", [3], None), ("m.weight_zero_point", "I8", [3, 1], None)]))


def xxh64(data):
    m = (1 << 64) - 1
    p1, p2, p3, p4, p5 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5

    def rotate(x, by):
        return (x << by | x >> (64 - by)) & m

    def step(lane, word):
        return rotate((lane + word * p2) & m, 31) * p1 & m

    lanes, at, h = [(p1 + p2) & m, p2, 0, -p1 & m], 0, p5
    for at in range(32, len(data) + 1, 32):
        lanes = [step(lane, word) for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at - 32))]
    if at:
        h = sum(rotate(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) & m
        for lane in lanes:
            h = ((h ^ step(0, lane)) * p1 + p4) & m
    h = (h + len(data)) & m
    for at in range(at, len(data) - 7, 8):
        h = (rotate(h ^ step(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & m
    at = len(data) // 8 * 8
    if len(data) % 8 >= 4:
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * p1 & m, 23) * p2 + p3) & m
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * p5 & m, 11) * p1 & m
    h = (h ^ h >> 33) * p2 & m
    h = (h ^ h >> 29) * p3 & m
    return h ^ h >> 32


def session(n_tokens, n_computed, n_saved, wrong_sum=False, adapters=0, extra=b""):
    """What fuzz_session.c's engine saves: float16, a layer that attends to everything, one with a window of 20, one with a state of 2 * 16 floats."""
    key = struct.pack("<16s6IQ64s16s128s64s", b"fuzz", 1, 1, 1, 0, 100, adapters, 7, b"fuzz", b"", b"", b"")
    body = b"".join(struct.pack("<i", i % 40) for i in range(n_tokens))
    window_from = max(0, n_computed + 1 - 20) // 32 * 32
    for first in range(0, n_computed, 32):
        n = -(-min(32, n_computed - first) // 16) * 16
        body += bytes(i % 120 for i in range(n * (8 + 16) * 2)) * (1 + (first >= window_from))
    body += struct.pack("<f", 1.5) * 32 * ((n_computed != 0) + (n_saved != 0)) + extra
    rest = struct.pack("<Q", 24 + len(key) + 24 + len(body)) + key + struct.pack("<3Q", n_tokens, n_computed, n_saved) + body
    return b"moteses1" + struct.pack("<Q", xxh64(rest) ^ wrong_sum) + rest


put("session/empty", session(0, 0, 0))
put("session/computed", session(70, 70, 0))
put("session/saved_states", session(40, 33, 10))
put("session/nothing_computed", session(12, 0, 0))
put("session/damaged", session(40, 33, 10, wrong_sum=True))
put("session/cut", session(40, 33, 10)[:-7])
put("session/long", session(100, 100, 99, extra=b"x"))
put("session/adapters", session(5, 5, 0, adapters=3))
