"""Random weights under which everything in a network matters: attention that is far from even, gates that open and close, logits of std 2.5."""
import zlib

import numpy as np
import torch

LOGIT_STD = 2.5


def draw(seed, name, kind, shape, *arguments):
    """Numbers that depend on the seed and the tensor's name alone, not on the order of tensors."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return getattr(rng, kind)(*arguments, size=tuple(shape)).astype(np.float32)


def vector(seed, name, shape, norm_offset, gains):
    if name.endswith("A_log"):
        return np.log(draw(seed, name, "uniform", shape, 0.5, 8))
    if name.endswith("dt_bias"):
        return draw(seed, name, "uniform", shape, -3, 0)
    if name.endswith(".D"):
        return 1 + 0.3 * draw(seed, name, "standard_normal", shape)
    if name.endswith("bias"):
        return 0.2 * draw(seed, name, "standard_normal", shape)
    gain = next((value for part, value in gains.items() if part in name), 1.0)
    return gain - 1 + norm_offset + 0.25 * draw(seed, name, "standard_normal", shape)


def matrix(seed, name, shape, gains):
    gain = next((value for part, value in gains.items() if part in name), 1.0)
    if "conv" in name and shape[-1] < 8:
        return gain * 0.6 * draw(seed, name, "standard_normal", shape)
    scale = 1.0 if "embed" in name else 1 / np.sqrt(shape[-1])
    return (gain * scale * draw(seed, name, "standard_normal", shape)).astype(np.float32)


def fill(model, seed, gains, norm_offset=1.0):
    """gains: part of a tensor's name -> factor on its natural size. norm_offset 0: norms multiply by 1 + w (Gemma)."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            values = vector(seed, name, p.shape, norm_offset, gains) if p.ndim == 1 else matrix(seed, name, p.shape, gains)
            p.copy_(torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)))


def scale_logits(norm, logits):
    """Multiplies the last norm so that logits get their std; the factor is rounded, so that it is the same everywhere."""
    factor = float(f"{LOGIT_STD / logits.std():.2g}")
    with torch.no_grad():
        norm.weight.mul_(factor)
        if getattr(norm, "bias", None) is not None:
            norm.bias.mul_(factor)


def attention_entropy(attentions):
    """Mean over layers, heads and positions from 8 on of the entropy of attention, as a fraction of the even one."""
    total, n = 0.0, 0
    for a in attentions or ():
        if a is None:
            continue
        p = a[0].double().numpy()
        for i in range(8, p.shape[1]):
            row = p[:, i]
            seen = (row > 0).sum(-1)
            entropy = -(row * np.log(np.where(row > 0, row, 1))).sum(-1) / np.log(np.maximum(seen, 2))
            total += entropy.sum()
            n += entropy.size
    return total / n if n else float("nan")
