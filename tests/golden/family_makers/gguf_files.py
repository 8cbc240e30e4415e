"""model-f32.gguf beside a folder, by llama.cpp's converter, and how far llama.cpp's own numbers are from the reference."""
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
from base64 import b64decode

import numpy as np

# The converter has no such architecture, drops what makes it one (windows), knows no layer
# without experts among others, leaves the pooler out, or does not read the packing.
WITHOUT = ["ministral", "qwen2-window", "qwen3-moe-mixed", "bert-reranker", "awq-int4"]


def load_converter(folder):
    """The converter's modules, told that our tokenizers split text as GPT-2 does: their own check knows published tokenizers only."""
    sys.path[:0] = [str(folder), str(folder / "gguf-py")]
    logging.disable(logging.WARNING)
    import conversion
    from conversion.base import TextModel

    TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"
    return conversion


def write_unigram(model, folder):
    """XLM-RoBERTa's tokenizer as the converter writes it; the converter itself reads another form of tokenizer.json."""
    vocabulary = json.loads((folder / "tokenizer.json").read_text())
    pieces = vocabulary["model"]["vocab"]
    special = {t["content"] for t in vocabulary["added_tokens"]}
    writer = model.gguf_writer
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([p.encode() for p, _ in pieces])
    writer.add_token_scores([s for _, s in pieces])
    writer.add_token_types([2 if p == "<unk>" else 3 if p in special else 1 for p, _ in pieces])
    writer.add_add_space_prefix(True)
    writer.add_token_type_count(model.hparams.get("type_vocab_size", 1))
    writer.add_remove_extra_whitespaces(True)
    writer.add_precompiled_charsmap(b64decode(vocabulary["normalizer"]["normalizers"][0]["precompiled_charsmap"]))
    import gguf

    gguf.SpecialVocab(folder, n_vocab=len(pieces)).add_to_gguf(writer)


def published_hparams(folder, hparams):
    """The converter reads published spellings, which transformers' own classes have renamed."""
    path = folder / "config-legacy.json"
    if path.exists():
        published = json.loads(path.read_text())
        if published["model_type"] == "nomic_bert":
            return published
        hparams["layer_types"] = published.get("layer_types", hparams.get("layer_types"))
    return hparams


def convert(folder, llama_cpp):
    conversion = load_converter(llama_cpp)
    import gguf
    from conversion.base import ModelBase, ModelType, get_model_architecture

    hparams = published_hparams(folder, ModelBase.load_hparams(folder, False))
    base = conversion.get_model_class(get_model_architecture(hparams, ModelType.TEXT))
    changed = {"model_arch": base.model_arch}
    if hparams["model_type"] in ("openelm", "gemma3_text"):
        changed["set_vocab"] = lambda self: self._set_vocab_gpt2()
    if hparams["model_type"] == "xlm-roberta":
        changed["set_vocab"] = lambda self: write_unigram(self, folder)
    model_class = type(base.__name__, (base,), changed)
    model_class.module_paths, model_class.dense_features_dims = [], {}
    out = folder / "model-f32.gguf"
    out.unlink(missing_ok=True)
    model_class(folder, gguf.LlamaFileType.ALL_F32, out, model_name=folder.name, eager=True, hparams=hparams, sentence_transformers_dense_modules=True).write()


def computed(program, gguf_path, ids_path, *more):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out.f32"
        subprocess.run([program, gguf_path, ids_path, out, *more], check=True, stderr=subprocess.DEVNULL)
        return np.fromfile(out, dtype="<f4")


def compare(program, folder):
    """Largest difference of llama.cpp's numbers from the reference, in words."""
    if (folder / "logits.npy").exists():
        want = np.load(folder / "logits.npy")
        got = computed(program, folder / "model-f32.gguf", folder / "tokens.txt").reshape(len(want), -1)[:, : want.shape[1]]
        return f"llama.cpp differs by {np.abs(got - want).max():.2g}, argmax {(got.argmax(1) == want.argmax(1)).sum()}/{len(want)}"
    is_reranker = (folder / "scores.npy").exists()
    want = np.load(folder / ("scores.npy" if is_reranker else "embeddings.npy"))
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        ids = pathlib.Path(scratch) / "ids.txt"
        for line in (folder / "ids.txt").read_text().splitlines():
            ids.write_text(line)
            row = computed(program, folder / "model-f32.gguf", ids, "rank" if is_reranker else "embed")
            rows.append(row if is_reranker else row / np.linalg.norm(row))
    return f"llama.cpp differs by {np.abs(np.stack(rows) - want).max():.2g}"


def compare_adapter(program, folder):
    want = np.load(folder / "adapters" / "plain.npy")
    got = computed(program, folder / "model-f32.gguf", folder / "tokens.txt", "lora", folder / "adapters" / "plain.gguf").reshape(want.shape)
    return f"llama.cpp with plain.gguf differs by {np.abs(got - want).max():.2g}"
