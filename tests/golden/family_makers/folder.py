"""What is written for a model: the folder in Hugging Face layout, the ids that go in and the numbers that must come out."""
import json
import math
import shutil

import numpy as np
import torch
from safetensors.torch import save_file

from . import vocabulary

N_TOKENS = 48
DROPPED = ["transformers_version", "_name_or_path", "output_hidden_states", "return_dict", "chunk_size_feed_forward", "is_encoder_decoder", "id2label", "label2id",
           "problem_type", "output_attentions", "initializer_range", "attention_dropout", "use_cache"]


def clean(config):
    """What matters of a configuration; infinity, which JSON does not have, is dropped with its key."""
    infinite = lambda v: isinstance(v, float) and math.isinf(v) or isinstance(v, (list, tuple)) and any(map(infinite, v))
    return {k: v for k, v in config.items() if k not in DROPPED and not infinite(v)}


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


def start(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def tokens(seed, n_vocab, n=N_TOKENS, first=None):
    ids = np.random.default_rng([seed, 7]).integers(4, n_vocab, size=n).tolist()
    return ([first] + ids[1:]) if first is not None else ids


def write_tokens(path, ids):
    path.write_text(" ".join(map(str, ids)) + "\n")


def write_array(path, array):
    np.save(path, np.ascontiguousarray(array, dtype="<f4"))


def write_tensors(path, tensors):
    save_file({k: tensors[k].contiguous().clone() for k in sorted(tensors)}, path, metadata={"format": "pt"})
    path.chmod(0o644)


def published_tensors(model, scratch):
    """The tensors by the names of published checkpoints: those that save_pretrained writes."""
    from safetensors.torch import load_file

    model.save_pretrained(scratch)
    return load_file(scratch / "model.safetensors")


def write_vocabulary(path, made):
    vocabulary.write(made, path)


def run(model, ids):
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True, use_cache=False)
    return out.logits[0].double().numpy().astype(np.float32), getattr(out, "attentions", None)
