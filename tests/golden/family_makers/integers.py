"""Integer checkpoints of a tiny llama, packed by hand after the published layouts; the reference is transformers on the same weights made float again.

GPTQ (AutoGPTQ, GPTQModel): qweight int32 [in / (32 / bits), out], low bits first along the inputs; qzeros int32 [groups, out / (32 / bits)], in format "gptq" each
one less than the zero point, in "gptq_v2" as it is; scales half [groups, out]; g_idx int32 [in], the group of each input. w[o][i] = scale * (q - zero).
AWQ (AutoAWQ, version gemm): qweight int32 [in, out / 8], qzeros int32 [groups, out / 8], scales half [groups, out]; the eight columns of a word lie in the order
0 2 4 6 1 3 5 7."""
import numpy as np
import torch

from . import decoders, folder, vocabulary, weights

N_VOCAB = 96
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]
LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
SIZES = decoders.SMALL | dict(hidden_size=64, intermediate_size=96, num_hidden_layers=1, rope_theta=10000.0, tie_word_embeddings=False)
FAMILIES = {
    "gptq-int4": dict(quant_method="gptq", bits=4, group_size=32, desc_act=False, sym=True, damp_percent=0.01, true_sequential=True, lm_head=False, checkpoint_format="gptq"),
    "gptq-int4-order": dict(quant_method="gptq", bits=4, group_size=32, desc_act=True, sym=False, damp_percent=0.01, true_sequential=True, lm_head=False, checkpoint_format="gptq"),
    "gptq-int4-v2": dict(quant_method="gptq", bits=4, group_size=-1, desc_act=False, sym=False, lm_head=False, checkpoint_format="gptq_v2"),
    "gptq-int8": dict(quant_method="gptq", bits=8, group_size=32, desc_act=False, sym=True, damp_percent=0.01, lm_head=False),
    "awq-int4": dict(quant_method="awq", bits=4, group_size=32, version="gemm", zero_point=True, modules_to_not_convert=None),
}


def packed(values, bits, axis):
    """Unsigned values joined to int32 words along an axis, the first in the lowest bits."""
    n = 32 // bits
    v = np.moveaxis(values.astype(np.uint32), axis, -1)
    v = v.reshape(*v.shape[:-1], -1, n)
    words = np.bitwise_or.reduce(v << (bits * np.arange(n, dtype=np.uint32)), axis=-1)
    return np.ascontiguousarray(np.moveaxis(words, -1, axis)).view(np.int32)


def quantised(w, how, groups):
    """w [out, in] -> q [in, out], zero [groups, out], scale [groups, out] as half."""
    bits, n_groups, top = how["bits"], int(groups.max()) + 1, 2 ** how["bits"] - 1
    symmetric = how.get("sym", False)
    q, zero, scale = np.zeros((w.shape[1], w.shape[0]), np.int64), [], []
    for g in range(n_groups):
        rows = w.T[groups == g]
        low, high = rows.min(0), rows.max(0)
        if symmetric:
            s = (2 * np.abs(rows).max(0) / top).astype(np.float16)
            z = np.full(len(s), (top + 1) // 2)
        else:
            s = ((high - low) / top).astype(np.float16)
            z = np.clip(np.round(-low / s.astype(np.float32)), 1, top)
        q[groups == g] = np.clip(np.round(rows / s.astype(np.float32) + z), 0, top)
        zero.append(z)
        scale.append(s)
    return q, np.stack(zero).astype(np.int64), np.stack(scale)


def tensors_of(prefix, w, how, seed):
    """The tensors that stand for one matrix, and the matrix that they mean."""
    n_in = w.shape[1]
    size = n_in if how["group_size"] < 0 else how["group_size"]
    groups = np.arange(n_in) // size
    if how.get("desc_act"):
        groups = np.random.default_rng([seed, len(prefix), w.shape[0]]).permutation(groups)
    q, zero, scale = quantised(w, how, groups)
    meant = (scale.astype(np.float32)[groups] * (q - zero[groups]).astype(np.float32)).T
    if how["quant_method"] == "awq":
        order = lambda x: x.reshape(x.shape[0], -1, 8)[:, :, AWQ_ORDER].reshape(x.shape)
        stored = {"qweight": packed(order(q), 4, 1), "qzeros": packed(order(zero), 4, 1), "scales": scale}
    else:
        less = 0 if how.get("checkpoint_format") == "gptq_v2" else 1
        stored = {"qweight": packed(q, how["bits"], 0), "qzeros": packed(zero - less, how["bits"], 1), "scales": scale, "g_idx": groups.astype(np.int32)}
    return {f"{prefix}.{k}": torch.from_numpy(np.ascontiguousarray(v)) for k, v in stored.items()}, torch.from_numpy(np.ascontiguousarray(meant))


def make(name, path, seed=5):
    how = FAMILIES[name]
    model = decoders.build("LlamaForCausalLM", "LlamaConfig", dict(SIZES), seed)
    ids = folder.tokens(seed, N_VOCAB)
    weights.scale_logits(model.model.norm, folder.run(model, ids)[0])
    stored = {}
    with torch.no_grad():
        for key, p in model.named_parameters():
            part = key.split(".")[-2]
            if part in LINEAR:
                made, meant = tensors_of(key.removesuffix(".weight"), p.numpy(), how, seed)
                stored |= made
                if name == "gptq-int4":  # some packers give every matrix a bias, of zeros where the network has none
                    stored[key.removesuffix("weight") + "bias"] = torch.zeros(p.shape[0], dtype=torch.float16)
                p.copy_(meant)
            else:
                p.copy_(p.half().float())
                stored[key] = p.half()
    logits, attentions = folder.run(model, ids)
    folder.start(path)
    folder.write_tensors(path / "model.safetensors", stored)
    config = decoders.legacy(SIZES, "LlamaForCausalLM", model.config) | {"torch_dtype": "float16", "quantization_config": how}
    folder.write_json(path / "config.json", config)
    folder.write_vocabulary(path, vocabulary.byte_level_bpe(N_VOCAB))
    folder.write_tokens(path / "tokens.txt", ids)
    folder.write_array(path / "logits.npy", logits)
    return {"parameters": sum(p.numel() for p in model.parameters()), "std": float(logits.std()), "entropy": weights.attention_entropy(attentions)}
