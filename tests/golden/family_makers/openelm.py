"""Apple's OpenELM, which transformers lacks: the network as its published modelling code (modeling_openelm.py) defines it, written anew; llama.cpp is the second
opinion. Heads and widths differ from layer to layer; q and k have norms; the head is the embedding."""
import torch
from torch import nn

from . import folder, vocabulary, weights

N_VOCAB = 96
CONFIG = {"activation_fn_name": "swish", "architectures": ["OpenELMForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "ffn_dim_divisor": 16, "ffn_multipliers": [0.7, 1.6, 2.5],
          "ffn_with_glu": True, "head_dim": 8, "max_context_length": 256, "model_dim": 32, "model_type": "openelm", "normalization_layer_name": "rms_norm",
          "normalize_qk_projections": True, "num_gqa_groups": 2, "num_kv_heads": [1, 2, 3], "num_query_heads": [2, 4, 6], "num_transformer_layers": 3,
          "qkv_multipliers": [0.5, 1.0], "rope_freq_constant": 10000, "rope_max_length": 512, "share_input_output_layers": True, "torch_dtype": "float32", "vocab_size": N_VOCAB}
GAINS = {"q_norm": 1.7, "k_norm": 1.7}


def divisible(v, divisor):
    """The multiple of divisor nearest to v, but never below 0.9 v."""
    near = max(divisor, int(v + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * v else near


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def rotate(x, base):
    """x: [heads, tokens, head_dim]; element i turns with element i + head_dim / 2."""
    half = x.shape[-1] // 2
    angle = torch.outer(torch.arange(x.shape[1]).float(), base ** (-torch.arange(half).float() / half))
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


class Attention(nn.Module):
    def __init__(self, c, layer):
        super().__init__()
        self.c, self.heads, self.kv = c, c["num_query_heads"][layer], c["num_kv_heads"][layer]
        self.qkv_proj = nn.Linear(c["model_dim"], (self.heads + 2 * self.kv) * c["head_dim"], bias=False)
        self.q_norm, self.k_norm = Norm(c["head_dim"]), Norm(c["head_dim"])
        self.out_proj = nn.Linear(self.heads * c["head_dim"], c["model_dim"], bias=False)

    def forward(self, x):
        n, d = len(x), self.c["head_dim"]
        q, k, v = self.qkv_proj(x).view(n, -1, d).transpose(0, 1).split([self.heads, self.kv, self.kv])
        q, k = rotate(self.q_norm(q), self.c["rope_freq_constant"]), rotate(self.k_norm(k), self.c["rope_freq_constant"])
        k, v = (t.repeat_interleave(self.heads // self.kv, 0) for t in (k, v))
        mask = torch.full((n, n), float("-inf")).triu(1)
        p = (q @ k.transpose(1, 2) / d**0.5 + mask).softmax(-1)
        return self.out_proj((p @ v).transpose(0, 1).reshape(n, -1)), p


class FeedForward(nn.Module):
    def __init__(self, c, layer):
        super().__init__()
        width = divisible(c["ffn_multipliers"][layer] * c["model_dim"], c["ffn_dim_divisor"])
        self.proj_1 = nn.Linear(c["model_dim"], 2 * width, bias=False)
        self.proj_2 = nn.Linear(width, c["model_dim"], bias=False)

    def forward(self, x):
        gate, up = self.proj_1(x).chunk(2, -1)
        return self.proj_2(nn.functional.silu(gate) * up)


class Layer(nn.Module):
    def __init__(self, c, layer):
        super().__init__()
        self.attn, self.ffn = Attention(c, layer), FeedForward(c, layer)
        self.attn_norm, self.ffn_norm = Norm(c["model_dim"]), Norm(c["model_dim"])

    def forward(self, x):
        a, p = self.attn(self.attn_norm(x))
        x = x + a
        return x + self.ffn(self.ffn_norm(x)), p


class Body(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.token_embeddings = nn.Embedding(c["vocab_size"], c["model_dim"])
        self.layers = nn.ModuleList(Layer(c, i) for i in range(c["num_transformer_layers"]))
        self.norm = Norm(c["model_dim"])


class OpenELM(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.transformer = Body(c)

    def forward(self, ids):
        body, attentions = self.transformer, []
        x = body.token_embeddings(torch.tensor(ids))
        for layer in body.layers:
            x, p = layer(x)
            attentions.append(p[None])
        return (body.norm(x) @ body.token_embeddings.weight.T).numpy(), attentions


def make(name, path, seed=1):
    model = OpenELM(CONFIG)
    weights.fill(model, seed, GAINS)
    ids = folder.tokens(seed, N_VOCAB, first=CONFIG["bos_token_id"])
    with torch.no_grad():
        weights.scale_logits(model.transformer.norm, model(ids)[0])
        logits, attentions = model(ids)
    folder.start(path)
    folder.write_tensors(path / "model.safetensors", dict(model.state_dict()))
    folder.write_json(path / "config.json", CONFIG)
    folder.write_vocabulary(path, vocabulary.byte_level_bpe(N_VOCAB))
    folder.write_tokens(path / "tokens.txt", ids)
    folder.write_array(path / "logits.npy", logits)
    return {"parameters": sum(p.numel() for p in model.parameters()), "std": float(logits.std()), "entropy": weights.attention_entropy(attentions)}
