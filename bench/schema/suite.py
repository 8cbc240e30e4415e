#!/usr/bin/env python3
"""Measures `mote schema` on collections of JSON Schemas with instances that are marked valid or not: how many schemas are handled fully (taken, and every instance judged
right), how many are refused and for which keyword, and which verdicts are wrong.

    bench/schema/suite.py [--mote build/release/mote] [--wrong N] PATH...

A PATH is a file of JSON lines ({"id", "schema", "tests": [{"valid", "data"}]}, as in JSONSchemaBench), a folder of JSON files in the form of the JSON Schema Test Suite (schemas
without $schema in a folder draft7 get that draft's), or a JSON list of {"id", "schema", "valid": [...], "invalid": [...]}."""
import argparse
import collections
import json
import pathlib
import subprocess
import tempfile

DRAFT7 = "http://json-schema.org/draft-07/schema#"


def from_lines(path):
    for line in path.open(encoding="utf-8"):
        d = json.loads(line)
        yield d["id"], d["schema"], [(t["data"], t["valid"]) for t in d["tests"]]


def from_suite(folder):
    for path in sorted(folder.glob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8")):
            schema = group["schema"]
            if folder.name == "draft7" and isinstance(schema, dict):
                schema = {"$schema": DRAFT7, **schema}
            yield f"{path.stem}: {group['description']}", schema, [(t["data"], t["valid"]) for t in group["tests"]]


def from_list(path):
    for d in json.loads(path.read_text(encoding="utf-8")):
        yield d["id"], d["schema"], [(x, True) for x in d["valid"] or []] + [(x, False) for x in d["invalid"] or []]


def cases(path):
    if path.is_dir():
        return from_suite(path)
    return from_lines(path) if path.suffix == ".jsonl" else from_list(path)


def judge(mote, folder, schema, tests):
    """The verdicts, or None and why the schema was refused."""
    (folder / "schema.json").write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")
    names = []
    for i, (data, _) in enumerate(tests):
        names.append(str(folder / f"{i}.json"))
        pathlib.Path(names[-1]).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    run = subprocess.run([mote, "schema", str(folder / "schema.json"), *(names or ["/dev/null"])], capture_output=True, text=True)
    if run.returncode != 0:
        return None, run.stderr.strip().rsplit("schema.json: ", 1)[-1].splitlines()[0] if run.stderr.strip() else f"exit {run.returncode}"
    return [line.startswith("accept") for line in run.stdout.splitlines()[: len(tests)]], ""


def measure(mote, path, n_wrong):
    count, refused, wrong = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for name, schema, tests in cases(path):
            count["schemas"] += 1
            verdicts, why = judge(mote, pathlib.Path(folder), schema, tests)
            if verdicts is None:
                count["refused"] += 1
                refused[why[:100]] += 1
                continue
            bad = [(data, valid) for (data, valid), verdict in zip(tests, verdicts) if verdict != valid]
            count["instances"] += len(tests)
            count["fully handled"] += not bad
            for data, valid in bad:
                count["valid refused" if valid else "invalid accepted"] += 1
                wrong.append(f"{'refused' if valid else 'accepted'}: {name}: {json.dumps(data)[:160]}")
    print(f"{path}: " + ", ".join(f"{count[key]} {key}" for key in ("schemas", "fully handled", "refused", "instances", "valid refused", "invalid accepted")))
    for line in wrong[:n_wrong]:
        print("   ", line)
    for why, n in refused.most_common(n_wrong):
        print(f"    refused {n}: {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mote", default="build/release/mote")
    parser.add_argument("--wrong", type=int, default=40, help="lines of details for each path")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    for path in args.paths:
        measure(args.mote, path, args.wrong)


if __name__ == "__main__":
    main()
