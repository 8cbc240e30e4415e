#!/usr/bin/env python3
"""Lets a model answer under schemas, one seed each, and judges the answers with the package `jsonschema`: how many are valid, invalid, cut off (no whole JSON), or weren't begun.

    bench/schema/generate.py [--mote build/release/mote] [-m smollm2-135m] [-n 1000] [--tokens 512] [--jobs 2] [--keep FILE] FILE.jsonl...

The files hold JSON lines with "id" and "schema", as JSONSchemaBench's; n schemas are taken evenly over all of them. Sampling is at temperature 1 from all tokens that are allowed.
A schema that can't be compiled is replaced by the next one and counted apart; one whose shortest text takes more tokens than that is asked again with eight times as many."""
import argparse
import collections
import concurrent.futures
import itertools
import json
import pathlib
import shlex
import subprocess
import tempfile

import jsonschema

SAMPLING = ["--temp", "1", "--top-k", "0", "--top-p", "1", "--min-p", "0", "-t", "1"]
PROMPT = "Write an example of such a document in JSON."


def generate(args, schema, seed, n_tokens):
    """The program's JSON object, or None and its complaint."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(schema, file, ensure_ascii=False)
        file.flush()
        command = [*shlex.split(args.mote), "run", "-q", "--json", "-m", args.model, "-n", str(n_tokens), "-s", str(seed), *SAMPLING, "-jf", file.name, PROMPT]
        run = subprocess.run(command, capture_output=True, check=False)
    if run.returncode == 0:
        return json.loads(run.stdout.decode("utf-8")), ""
    return None, run.stderr.decode("utf-8", "replace").strip() or f"exit {run.returncode}"


def complaint(schema, text):
    """What the validator says; empty: nothing."""
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft201909Validator)
    error = jsonschema.exceptions.best_match(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(json.loads(text)))
    return "" if error is None else f"{'/'.join(map(str, error.absolute_schema_path))}: {error.message}"


def judge(args, index, name, schema):
    """The verdict, why, and the answer."""
    answer, why = generate(args, schema, index, args.tokens)
    longer = answer is None and "shortest text takes" in why
    if longer:
        answer, why = generate(args, schema, index, 8 * args.tokens)
    if answer is None:
        return ("too long" if longer else "refused"), why, None, name
    try:
        json.loads(answer["text"])
    except ValueError as error:
        return "cut off", str(error), answer, name
    why = complaint(schema, answer["text"])
    verdict = "invalid" if why else "valid"
    return verdict, why, answer, name


def schemas_of(paths, n):
    """n lists of a schema and those that follow it."""
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    starts = [i * len(lines) // n for i in range(n)] + [len(lines)]
    for begin, end in itertools.pairwise(starts):
        yield [(d["id"], d["schema"]) for d in map(json.loads, lines[begin : max(end, begin + 1)])]


def first_that_compiles(args, index, choices):
    refused = []
    for name, schema in choices:
        result = judge(args, index, name, schema)
        if result[0] not in ("refused", "too long"):
            return refused, result
        refused.append(result)
    return refused, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mote", default="build/release/mote", help="the program, perhaps with others in front of it")
    parser.add_argument("-m", "--model", default="smollm2-135m")
    parser.add_argument("-n", type=int, default=1000, help="generations")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, help="write the answers here, a JSON object a line")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    count, tokens, keep = collections.Counter(), 0, args.keep.open("w", encoding="utf-8") if args.keep else None
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        tasks = enumerate(schemas_of(args.paths, args.n))
        for refused, result in pool.map(lambda task: first_that_compiles(args, *task), tasks):
            for verdict, why, answer, name in refused + ([result] if result else []):
                count[verdict] += 1
                if verdict != "valid":
                    print(f"{verdict}: {name}: {why[:300]}", flush=True)
                if answer:
                    count[f"finish {answer['finish_reason']}"] += 1
                    tokens += answer["usage"]["completion_tokens"]
                if keep:
                    json.dump({"id": name, "verdict": verdict, "why": why, "answer": answer}, keep)
                    keep.write("\n")
                    keep.flush()
    kinds = ["valid", "invalid", "cut off", "refused", "too long", "finish stop", "finish length"]
    print(", ".join(f"{count[kind]} {kind}" for kind in kinds) + f"; {tokens} tokens")


if __name__ == "__main__":
    main()
