#!/usr/bin/env python3
"""Writes the first seeds of corpus/{gguf,json,safetensors,npy}: tiny well-formed files that reach every branch a mutation could start from.
Files that a fuzzer found (named by their hash) stay beside them."""
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


def gguf(keys, tensors, version=3, alignment=32):
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys))
    for key, kind, x in keys:
        out += string(key) + struct.pack("<I", kind) + value(kind, x)
    offset = 0
    for name, dims, kind, size in tensors:
        out += string(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims) + struct.pack("<IQ", kind, offset)
        offset += -(-size // alignment) * alignment
    out += bytes(-len(out) % alignment)
    for _, _, _, size in tensors:
        out += bytes(range(size)) + bytes(-size % alignment)
    return out


put("gguf/empty", gguf([], []))
put("gguf/scalars", gguf([(f"k{kind}", kind, 1) for kind in SCALARS] + [("s", 8, "text")], [], version=2))
put("gguf/arrays", gguf([(f"a{kind}", 9, (kind, [0, 1])) for kind in SCALARS] + [("s", 9, (8, ["a", "", "bc"]))], []))
put("gguf/tensors", gguf([("general.alignment", 4, 64)], [("a", [8, 2], 0, 64), ("b", [32], 8, 34), ("c", [1, 1, 1, 1], 24, 1)], alignment=64))
put("gguf/overlap", gguf([], [("a", [8], 0, 32), ("b", [8], 0, 0)]))

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
