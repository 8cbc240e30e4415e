#!/usr/bin/env python3
"""Writes families/<name>/: tiny random models in Hugging Face layout and the numbers that transformers computes with them; read by families.sh.

    pip install torch transformers==5.23.0 peft==0.21.2 safetensors tokenizers sentencepiece numpy
    tests/golden/make_families.py [NAME...]          # all, or those; the same bytes every time ("adapters" after the models they are for)
    tests/golden/make_families.py --llama-cpp DIR --llama-logits PROGRAM [NAME...]
                     # also model-f32.gguf by llama.cpp's converter in DIR, checked against llama.cpp's own logits (family_makers/llama_logits.c)

families/README.md says what is in a folder.
"""
import argparse
import os
import pathlib
import sys

sys.dont_write_bytecode = True
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers

from family_makers import adapters, decoders, encoders, gguf_files, integers, openelm

HERE = pathlib.Path(__file__).parent


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--out", type=pathlib.Path, default=HERE / "families")
    arguments.add_argument("--llama-cpp", type=pathlib.Path)
    arguments.add_argument("--llama-logits", type=pathlib.Path)
    a = arguments.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    makers = {name: decoders.make for name in decoders.FAMILIES}
    makers |= {"openelm": openelm.make} | {name: encoders.make for name in encoders.FAMILIES} | {name: encoders.make_reranker for name in encoders.RERANKERS}
    makers |= {name: integers.make for name in integers.FAMILIES}
    for name in a.names or [*makers, "adapters"]:
        if name == "adapters":  # of models made before
            adapters.make(a.out)
            if a.llama_cpp:
                adapters.convert(a.out / "llama", a.llama_cpp)
                print(gguf_files.compare_adapter(a.llama_logits, a.out / "llama"))
            continue
        result = makers[name](name, a.out / name)
        line = f"{name}: {result['parameters']} parameters, logit std {result['std']:.2f}, attention entropy {result['entropy']:.2f}"
        if a.llama_cpp and name not in gguf_files.WITHOUT:
            gguf_files.convert(a.out / name, a.llama_cpp)
            line += "; " + gguf_files.compare(a.llama_logits, a.out / name)
            if name in integers.FAMILIES:
                (a.out / name / "model-f32.gguf").unlink()
        print(line, flush=True)


if __name__ == "__main__":
    main()
