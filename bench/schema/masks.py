#!/usr/bin/env python3
"""Times the masks along the valid instances of a collection of JSON Schemas, each schema with a fresh matcher, so that all it has to learn is counted.

    bench/schema/masks.py [--library build/release/libmote.so] [-m MODEL] [-n N] [--worst K] FILE.jsonl...

The files hold JSON lines {"id", "schema", "tests": [{"valid", "data"}]}, as in JSONSchemaBench; n of the schemas that have a valid instance are taken, evenly over all files.
MODEL is a file whose tokenizer is used."""
import argparse
import ctypes
import json
import pathlib
import time


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 4096)]


class Mote:
    def __init__(self, library, model):
        self.c = ctypes.CDLL(library)
        self.c.mote_matcher_seconds.restype = ctypes.POINTER(ctypes.c_double)
        self.err = Error()
        self.tokenizer = ctypes.c_void_p()
        if self.c.mote_tokenizer_open(model.encode(), ctypes.byref(self.tokenizer), ctypes.byref(self.err)) != 0:
            raise SystemExit(self.err.message)

    def schema(self, text):
        constraint = ctypes.c_void_p()
        status = self.c.mote_constraint_create_schema(text, ctypes.c_size_t(len(text)), False, ctypes.byref(constraint), ctypes.byref(self.err))
        return constraint if status == 0 else None

    def masks(self, constraint, texts):
        """The seconds of each mask, or None where a text is refused."""
        matcher, matches, offset, n = ctypes.c_void_p(), ctypes.c_bool(), ctypes.c_size_t(), ctypes.c_size_t()
        if self.c.mote_matcher_create(constraint, self.tokenizer, ctypes.byref(matcher), ctypes.byref(self.err)) != 0:
            raise SystemExit(self.err.message)
        accepted = 0
        for text in texts:
            status = self.c.mote_matcher_match(matcher, text, ctypes.c_size_t(len(text)), ctypes.byref(matches), ctypes.byref(offset), ctypes.byref(self.err))
            accepted += status == 0 and matches.value
        seconds = self.c.mote_matcher_seconds(matcher, ctypes.byref(n))[: n.value]
        self.c.mote_matcher_free(ctypes.byref(matcher))
        return seconds, accepted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default="build/release/libmote.so")
    parser.add_argument("-m", "--model", required=True)
    parser.add_argument("-n", type=int, default=400, help="schemas")
    parser.add_argument("--worst", type=int, default=0, help="name the K schemas whose masks take longest")
    parser.add_argument("--only", help="of the schemas taken, the one of this name, again and again for a profiler")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    lines = [json.loads(line) for path in args.paths for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [d for d in lines if any(t["valid"] for t in d["tests"])]
    lines = [lines[i * len(lines) // args.n] for i in range(min(args.n, len(lines)))] if args.n < len(lines) else lines
    mote = Mote(args.library, args.model)
    warm = mote.schema(b"true")
    mote.masks(warm, [b"1"])  # the tree of the vocabulary is made once
    mote.c.mote_constraint_free(ctypes.byref(warm))
    seconds, by_schema, refused, texts, accepted, begun = [], [], 0, 0, 0, time.time()
    for d in lines:
        if args.only and d["id"] != args.only:
            continue
        constraint = mote.schema(json.dumps(d["schema"], ensure_ascii=False).encode())
        if not constraint:
            refused += 1
            continue
        instances = [json.dumps(t["data"], ensure_ascii=False).encode() for t in d["tests"] if t["valid"]]
        own, n_accepted = mote.masks(constraint, instances)
        texts, accepted = texts + len(instances), accepted + n_accepted
        mote.c.mote_constraint_free(ctypes.byref(constraint))
        seconds += own
        by_schema.append((sum(own), max(own), len(own), d["id"]))
    seconds.sort()
    us = [1e6 * seconds[min(len(seconds) - 1, int(len(seconds) * q))] for q in (0.5, 0.9, 0.99, 0.999, 1)]
    mean = 1e6 * sum(seconds) / len(seconds)
    print(f"{len(by_schema)} schemas, {refused} refused; {accepted} of {texts} texts accepted; {len(seconds)} masks in {time.time() - begun:.1f} s: mean {mean:.1f} µs")
    print("p50 {:.2f}, p90 {:.1f}, p99 {:.1f}, p99.9 {:.1f}, longest {:.1f} µs".format(*us))
    for total, longest, n, name in sorted(by_schema, reverse=True)[: args.worst]:
        print(f"    {1e6 * total:9.0f} µs in {n:5} masks, longest {1e6 * longest:7.0f}: {name}")


if __name__ == "__main__":
    main()
