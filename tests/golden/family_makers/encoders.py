"""Encoders: folders as sentence-transformers lays them out, sentences, their ids and unit vectors; rerankers: pairs of texts and their scores."""
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import processors

from . import decoders, folder, vocabulary, weights

N_VOCAB = 96
SENTENCES = ["the quick brown fox jumps over the lazy dog.", "it never is, but we try again and again.", "a river runs through the valley", "who said that?",
             "one two three four five six seven eight nine ten eleven twelve thirteen.", "bytes", "Where  is the train to the station in spain?", "the rain: 12 of 40 tests were slow!"]
PAIRS = [("where is the train?", "the train is in the station."), ("where is the train?", "letters and words are made of bytes"), ("who runs?", "a river runs through the valley, and a fox"),
         ("12 tests", "8 failed")]
BERT = dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64, type_vocab_size=2, pad_token_id=0)
ROBERTA = BERT | dict(max_position_embeddings=66, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2, layer_norm_eps=1e-5)
GAINS = {"query": 1.6, "key": 1.6, "q_proj": 1.6, "k_proj": 1.6, "q_norm": 1.7, "k_norm": 1.7, "position_embeddings": 0.7, "token_type": 0.5, "classifier": 2}
GEMMA = dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=32, num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=16,
             max_position_embeddings=256, sliding_window=8, use_bidirectional_attention=True, bos_token_id=0, eos_token_id=1, pad_token_id=3, rms_norm_eps=1e-6)
NOMIC = dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=2048, type_vocab_size=2, layer_norm_eps=1e-12,
             pad_token_id=0, rope_parameters={"rope_type": "default", "rope_theta": 1000.0})
NOMIC_PUBLISHED = dict(architectures=["NomicBertModel"], model_type="nomic_bert", activation_function="swiglu", causal=False, layer_norm_epsilon=1e-12, max_trained_positions=2048,
                       mlp_fc1_bias=False, mlp_fc2_bias=False, n_embd=32, n_head=4, n_inner=64, n_layer=2, n_positions=8192, pad_vocab_size_multiple=32, parallel_block=False, prenorm=False,
                       qkv_proj_bias=False, rotary_emb_base=1000, rotary_emb_fraction=1.0, rotary_emb_interleaved=False, rotary_emb_scale_base=None, rotary_scaling_factor=None,
                       scale_attn_weights=True, type_vocab_size=2, use_rms_norm=False, vocab_size=N_VOCAB, torch_dtype="float32")


def bpe_with_ends(begin, end):
    """Byte-level BPE whose template adds a token before and after the text."""
    names = vocabulary.BPE_SPECIAL
    made, config = vocabulary.byte_level_bpe(N_VOCAB)
    single = " ".join(x for x in (begin, "$A", end) if x)
    ends = [(x, names.index(x)) for x in (begin, end) if x]
    made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single=single, special_tokens=ends)])
    return made, config | {"bos_token": begin, "eos_token": end, "add_bos_token": begin is not None, "add_eos_token": end is not None}


# name: class of the model, of its configuration, arguments, tokenizer, pooling, widths of the dense layers after it
FAMILIES = {
    "bert-cls": ("BertModel", "BertConfig", BERT, vocabulary.word_piece, "cls", []),
    "bert-mean": ("BertModel", "BertConfig", BERT | dict(num_attention_heads=2, layer_norm_eps=1e-6), vocabulary.word_piece, "mean", []),
    "xlm-roberta": ("XLMRobertaModel", "XLMRobertaConfig", ROBERTA, vocabulary.unigram, "cls", []),
    "nomic-bert": ("NomicBertModel", "NomicBertConfig", NOMIC, vocabulary.word_piece, "mean", []),
    "embeddinggemma": ("Gemma3TextModel", "Gemma3TextConfig", GEMMA, lambda size: bpe_with_ends("<|endoftext|>", "<|im_start|>"), "mean", [48, 32]),
    "qwen3-embedding": ("Qwen3Model", "Qwen3Config", decoders.SMALL | dict(head_dim=16, rope_theta=1000000.0, tie_word_embeddings=True),
                        lambda size: bpe_with_ends(None, "<|endoftext|>"), "lasttoken", []),
}
RERANKERS = {
    "bert-reranker": ("BertForSequenceClassification", "BertConfig", BERT | dict(num_labels=1), vocabulary.word_piece),
    "xlm-roberta-reranker": ("XLMRobertaForSequenceClassification", "XLMRobertaConfig", ROBERTA | dict(num_labels=1), vocabulary.unigram),
}


def build(model_class, config_class, arguments, seed):
    config = getattr(transformers, config_class)(**arguments)
    config._attn_implementation = "eager"
    more = {} if "Classification" in model_class or "Bert" not in model_class and "Roberta" not in model_class else {"add_pooling_layer": False}
    model = getattr(transformers, model_class)(config, **more).float().eval()
    gemma = "Gemma" in model_class
    weights.fill(model, seed, GAINS | ({"embed_tokens": 0.3} if gemma else {}), norm_offset=0.0 if gemma else 1.0)
    return model


def pooled(states, pooling):
    return {"cls": lambda: states[0], "mean": lambda: states.mean(0), "lasttoken": lambda: states[-1]}[pooling]()


def forward(model, encoded, with_types):
    inputs = {"input_ids": torch.tensor([encoded.ids])}
    if with_types:
        inputs["token_type_ids"] = torch.tensor([encoded.type_ids])
    with torch.no_grad():
        return model(**inputs, output_attentions=True)


def write_model(path, model, architecture, made, published_config):
    folder.start(path)
    with tempfile.TemporaryDirectory() as scratch:
        tensors = folder.published_tensors(model, Path(scratch))
    folder.write_tensors(path / "model.safetensors", tensors)
    config = folder.clean(model.config.to_dict()) | {"architectures": [architecture], "dtype": "float32"}
    if "Classification" in architecture:
        config |= {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    folder.write_json(path / "config.json", config)
    if published_config:
        folder.write_json(path / "config-legacy.json", published_config)
    folder.write_vocabulary(path, made)


def write_modules(path, width, pooling, dense, seed):
    """sentence-transformers' list of modules: the network, pooling, dense layers, scaling to unit length. Returns the dense matrices."""
    modules = [("", "models.Transformer"), ("1_Pooling", "models.Pooling")] + [(f"{i + 2}_Dense", "models.Dense") for i in range(len(dense))] + [(f"{len(dense) + 2}_Normalize", "models.Normalize")]
    folder.write_json(path / "modules.json", [{"idx": i, "name": str(i), "path": p, "type": "sentence_transformers." + t} for i, (p, t) in enumerate(modules)])
    (path / "1_Pooling").mkdir()
    names = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens", "mean_sqrt_len": "mean_sqrt_len_tokens", "weightedmean": "weightedmean_tokens", "lasttoken": "lasttoken"}
    folder.write_json(path / "1_Pooling" / "config.json", {"word_embedding_dimension": width} | {"pooling_mode_" + n: k == pooling for k, n in names.items()} | {"include_prompt": True})
    matrices = []
    for i, out in enumerate(dense):
        place = path / f"{i + 2}_Dense"
        place.mkdir()
        w = weights.draw(seed, place.name, "standard_normal", (out, width)) / np.sqrt(width)
        folder.write_json(place / "config.json", {"in_features": width, "out_features": out, "bias": False, "activation_function": "torch.nn.modules.linear.Identity"})
        folder.write_tensors(place / "model.safetensors", {"linear.weight": torch.from_numpy(w.astype(np.float32))})
        matrices.append(torch.from_numpy(w.astype(np.float32)))
        width = out
    return matrices


def make(name, path, seed=1):
    model_class, config_class, arguments, tokenizer, pooling, dense = FAMILIES[name]
    model = build(model_class, config_class, dict(arguments), seed)
    made = tokenizer(N_VOCAB)
    published = NOMIC_PUBLISHED if name == "nomic-bert" else None
    write_model(path, model, {"Qwen3Model": "Qwen3ForCausalLM"}.get(model_class, model_class), made, published)
    matrices = write_modules(path, arguments["hidden_size"], pooling, dense, seed)
    rows, lines, attentions = [], [], []
    for text in SENTENCES:
        encoded = made[0].encode(text)
        out = forward(model, encoded, with_types=False)
        vector = pooled(out.last_hidden_state[0], pooling)
        for w in matrices:
            vector = w @ vector
        rows.append((vector / vector.norm()).numpy())
        lines.append(" ".join(map(str, encoded.ids)))
        attentions.append(weights.attention_entropy(out.attentions))
    (path / "sentences.txt").write_text("\n".join(SENTENCES) + "\n")
    (path / "ids.txt").write_text("\n".join(lines) + "\n")
    folder.write_array(path / "embeddings.npy", np.stack(rows))
    return {"parameters": sum(p.numel() for p in model.parameters()), "std": float(np.stack(rows).std(0).mean()), "entropy": float(np.nanmean(attentions))}


def make_reranker(name, path, seed=1):
    model_class, config_class, arguments, tokenizer = RERANKERS[name]
    model = build(model_class, config_class, dict(arguments), seed)
    made = tokenizer(N_VOCAB)
    write_model(path, model, model_class, made, None)
    scores, lines, attentions = [], [], []
    for query, document in PAIRS:
        encoded = made[0].encode(query, document)
        out = forward(model, encoded, with_types=arguments["type_vocab_size"] > 1)
        scores.append(out.logits[0].numpy())
        lines.append(" ".join(map(str, encoded.ids)))
        attentions.append(weights.attention_entropy(out.attentions))
    (path / "pairs.txt").write_text("".join(f"{q}\t{d}\n" for q, d in PAIRS))
    (path / "ids.txt").write_text("\n".join(lines) + "\n")
    folder.write_array(path / "scores.npy", np.stack(scores))
    return {"parameters": sum(p.numel() for p in model.parameters()), "std": float(np.stack(scores).std()), "entropy": float(np.nanmean(attentions))}
