"""Decoders that transformers implements: how each tiny model is built, and its configuration as published checkpoints spell it."""
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers

from . import folder, vocabulary, weights

N_VOCAB = 96
SMALL = dict(vocab_size=N_VOCAB, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
             bos_token_id=0, eos_token_id=0, pad_token_id=3, rms_norm_eps=1e-6)
OTHER_NORM = {k: v for k, v in SMALL.items() if k != "rms_norm_eps"}
GAINS = {"q_proj": 1.7, "k_proj": 1.7, "qkv_proj": 1.5, "router": 3, "mlp.gate.weight": 3, "q_norm": 1.7, "k_norm": 1.7, "q_layernorm": 1.7, "k_layernorm": 1.7}
GRANITE = SMALL | dict(embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.2, logits_scaling=1.6, tie_word_embeddings=True, rms_norm_eps=1e-5)
MAMBA = dict(mamba_n_heads=4, mamba_n_groups=1, mamba_d_state=16, mamba_d_head=16, mamba_d_conv=4, mamba_expand=2, mamba_chunk_size=16)
# Divisors of the rotary frequencies of 6 pairs: short inside the original context, long beyond it.
SHORT, LONG = [1.0, 1.02, 1.05, 1.1, 1.2, 1.35], [1.1, 1.6, 2.4, 4.1, 7.5, 11.0]


def granite_hybrid(layers, n_experts, rope, **more):
    return ("GraniteMoeHybridForCausalLM", "GraniteMoeHybridConfig",
            GRANITE | MAMBA | dict(layer_types=layers, num_hidden_layers=len(layers), num_local_experts=n_experts, num_experts_per_tok=2 if n_experts else 0,
                                   shared_intermediate_size=48, intermediate_size=16 if n_experts else 48, position_embedding_type="rope" if rope else "nope", rope_theta=10000.0) | more)


M, A = "mamba", "attention"
# name: architecture, class of its configuration, arguments; then what else differs from the defaults of make()
FAMILIES = {
    "granite-4-h-moe": (*granite_hybrid([M, A], 4, False), {}),
    "granite-4-h-dense": (*granite_hybrid([M, A, M], 0, False, mamba_n_groups=2), {}),
    "granite-4-dense": (*granite_hybrid([A, A], 0, True), {}),
    "granite-4-attention-moe": (*granite_hybrid([A, A], 4, True), {}),
    "olmo2": ("Olmo2ForCausalLM", "Olmo2Config", SMALL | dict(rope_theta=500000.0, tie_word_embeddings=False), {}),
    "olmo3": ("Olmo3ForCausalLM", "Olmo3Config", SMALL | dict(num_hidden_layers=3, rope_theta=500000.0, sliding_window=12, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                                                             rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "beta_fast": 32, "beta_slow": 1,
                                                                           "attention_factor": 1.2079441541679836}), {}),
    "stablelm-2": ("StableLmForCausalLM", "StableLmConfig", OTHER_NORM | dict(hidden_size=64, rope_theta=10000.0, partial_rotary_factor=0.25, use_qkv_bias=True, num_key_value_heads=4,
                                                                        layer_norm_eps=1e-5, tie_word_embeddings=False, num_hidden_layers=1), {}),
    "stablelm-nobias": ("StableLmForCausalLM", "StableLmConfig", OTHER_NORM | dict(rope_theta=10000.0, partial_rotary_factor=0.5, use_qkv_bias=False, layer_norm_eps=1e-5), {}),
    "lfm2": ("Lfm2ForCausalLM", "Lfm2Config", OTHER_NORM | dict(num_hidden_layers=3, layer_types=["conv", "full_attention", "conv"], block_auto_adjust_ff_dim=True, block_ff_dim=80,
                                                          block_ffn_dim_multiplier=1.0, block_multiple_of=32, conv_L_cache=3, conv_bias=False, rope_theta=1000000.0, norm_eps=1e-5,
                                                          tie_word_embeddings=True), {}),
    "phi-4-mini": ("Phi3ForCausalLM", "Phi3Config", SMALL | dict(hidden_size=64, num_hidden_layers=1, partial_rotary_factor=0.75, rope_theta=10000.0, original_max_position_embeddings=32, tie_word_embeddings=True,
                                                                sliding_window=262144, rope_scaling={"type": "longrope", "short_factor": SHORT, "long_factor": LONG}),
                   {"short": 24}),
    "qwen3-moe": ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", SMALL | dict(head_dim=16, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=True, decoder_sparse_step=1,
                                                                       mlp_only_layers=[], rope_theta=1000000.0, tie_word_embeddings=False), {}),
    "qwen3-moe-mixed": ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", SMALL | dict(head_dim=16, num_hidden_layers=2, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=16, norm_topk_prob=False,
                                                                             decoder_sparse_step=1, mlp_only_layers=[1], rope_theta=1000000.0, tie_word_embeddings=True), {}),
    "ministral": ("MinistralForCausalLM", "MinistralConfig", SMALL | dict(num_hidden_layers=3, head_dim=16, sliding_window=12, rope_theta=1000000.0,
                                                                         layer_types=["sliding_attention", "full_attention", "sliding_attention"]), {}),
    "qwen2-window": ("Qwen2ForCausalLM", "Qwen2Config", SMALL | dict(num_hidden_layers=3, use_sliding_window=True, sliding_window=10, max_window_layers=1, rope_theta=1000000.0,
                                                                    tie_word_embeddings=True), {}),
    "llama-shards": ("LlamaForCausalLM", "LlamaConfig", SMALL | dict(head_dim=16, rope_theta=10000.0, attention_bias=True, rope_scaling={"rope_type": "linear", "factor": 2.0}), {"shards": True}),
    "llama": ("LlamaForCausalLM", "LlamaConfig", SMALL | dict(rope_theta=10000.0, tie_word_embeddings=False), {}),
}


# Where published configurations name more things differently than the arguments above.
PUBLISHED = {"lfm2": {"intermediate_size": None, "layer_types": None, "full_attn_idxs": [1], "tie_word_embeddings": None, "tie_embedding": True, "block_norm_eps": 1e-5},
             "granite-4-dense": {"normalization_function": "rmsnorm", "init_method": "mup", "rope_scaling": None}}


def legacy(arguments, architecture, config):
    """The spelling that most published checkpoints carry: the constructor's own arguments, with the type of the model and of its numbers."""
    return {"architectures": [architecture], "model_type": config.model_type, "torch_dtype": "float32", **({"hidden_act": "silu"}), **arguments}


def build(architecture, config_class, arguments, seed, gains=None, norm_offset=1.0):
    config = getattr(transformers, config_class)(**arguments)
    config._attn_implementation = "eager"
    model = getattr(transformers, architecture)(config).float().eval()
    weights.fill(model, seed, GAINS | (gains or {}), norm_offset)
    model.tie_weights()
    return model


def halve(model):
    """Rounds weights to the types that write_shards() stores."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(p.to(stored_type(name)).float())


def stored_type(name):
    return torch.float32 if "norm" in name else torch.bfloat16 if "self_attn" in name else torch.float16


def write_shards(path, tensors):
    """Two files and their index, in three types of numbers."""
    names = sorted(tensors)
    parts = [names[: len(names) // 2], names[len(names) // 2:]]
    files = [f"model-{i + 1:05}-of-{len(parts):05}.safetensors" for i in range(len(parts))]
    for file, part in zip(files, parts):
        folder.write_tensors(path / file, {k: tensors[k].to(stored_type(k)) for k in part})
    total = sum(tensors[k].numel() * stored_type(k).itemsize for k in names)
    folder.write_json(path / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": {k: f for f, part in zip(files, parts) for k in part}})


def last_norm(model):
    body = model.base_model
    return getattr(body, "embedding_norm", None) or body.norm


def make(name, path, seed=1):
    architecture, config_class, arguments, more = FAMILIES[name]
    model = build(architecture, config_class, dict(arguments), seed, more.get("gains"))
    ids = folder.tokens(seed, N_VOCAB)
    weights.scale_logits(last_norm(model), folder.run(model, ids)[0])
    if "shards" in more:
        halve(model)
    logits, attentions = folder.run(model, ids)

    folder.start(path)
    with tempfile.TemporaryDirectory() as scratch:
        tensors = folder.published_tensors(model, Path(scratch))
    if "shards" in more:
        write_shards(path, tensors)
    else:
        folder.write_tensors(path / "model.safetensors", tensors)
    config = folder.clean(model.config.to_dict())
    folder.write_json(path / "config.json", config | {"architectures": [architecture], "dtype": "float32"})
    published = legacy(arguments, architecture, model.config) | PUBLISHED.get(name, {})
    folder.write_json(path / "config-legacy.json", {k: v for k, v in published.items() if v is not None or k == "rope_scaling"})
    folder.write_vocabulary(path, vocabulary.byte_level_bpe(N_VOCAB))
    folder.write_tokens(path / "tokens.txt", ids)
    folder.write_array(path / "logits.npy", logits)
    if "short" in more:
        folder.write_tokens(path / "tokens-short.txt", ids[: more["short"]])
        folder.write_array(path / "logits-short.npy", folder.run(model, ids[: more["short"]])[0])
    check_legacy(path, architecture, ids, logits)
    return {"parameters": sum(p.numel() for p in model.parameters()), "std": float(logits.std()), "entropy": weights.attention_entropy(attentions)}


def check_legacy(path, architecture, ids, logits):
    """Both spellings of the configuration, read back with the file of weights, give the same numbers."""
    for file in ("config.json", "config-legacy.json"):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = Path(scratch)
            (scratch / "config.json").write_bytes((path / file).read_bytes())
            for weights_file in path.glob("*.safetensors*"):
                (scratch / weights_file.name).write_bytes(weights_file.read_bytes())
            model, info = getattr(transformers, architecture).from_pretrained(scratch, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
            assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], (path.name, file, info)
            worst = np.abs(folder.run(model.eval(), ids)[0] - logits).max()
            assert worst < 1e-5, (path.name, file, worst)
