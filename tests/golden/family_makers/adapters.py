"""Adapters made by peft. For the tiny llama: LoRA, rsLoRA with its own ranks and factors for some layers, DoRA; alone and together. For others what is special there: fused matrices,
recurrent layers."""
import copy
import subprocess
import sys

import numpy as np
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer

from . import folder, weights

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "plain": dict(r=4, lora_alpha=8, target_modules=ALL),
    "rslora": dict(r=4, lora_alpha=3, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"], rank_pattern={"q_proj": 2}, alpha_pattern={"v_proj": 5}),
    "dora": dict(r=3, lora_alpha=6, use_dora=True, target_modules=ALL),
    "head": dict(r=2, lora_alpha=4, target_modules=r"lm_head|model\.layers\.1\.self_attn\.o_proj"),
}
# name of the reference -> adapters with their scales
CASES = {"plain": {"plain": 1}, "rslora": {"rslora": 1}, "dora": {"dora": 1}, "head": {"head": 1}, "plain-half": {"plain": 0.5}, "plain-and-rslora": {"plain": 0.75, "rslora": 1.5},
         "plain-and-dora": {"plain": 1, "dora": 1}, "dora-less": {"dora": 0.25}}

SPECIAL = {
    "phi-4-mini": {"fused": dict(r=3, lora_alpha=6, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
                   "fused-dora": dict(r=2, lora_alpha=4, use_dora=True, target_modules=["qkv_proj", "gate_up_proj"])},
    "granite-4-h-dense": {"mamba": dict(r=3, lora_alpha=6, target_modules=["in_proj", "out_proj", "q_proj", "v_proj", "input_linear", "output_linear"])},
    "lfm2": {"convolutions": dict(r=3, lora_alpha=6, target_modules=["in_proj", "out_proj", "q_proj", "w1", "w2", "w3"])},
}
BASES = {"llama": (ADAPTERS, CASES)} | {base: (adapters, {a: {a: 1} for a in adapters}) for base, adapters in SPECIAL.items()}


def base_model(path):
    return transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()


def draw(model, seed, adapter):
    """A and B random and of such size that an adapter changes logits as much as the weights do; magnitudes near those of the rows."""
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if f".{adapter}" not in name or "lora_" not in name:
                continue
            if "magnitude" in name:
                p.mul_(torch.from_numpy(1 + 0.2 * weights.draw(seed, adapter + name, "standard_normal", p.shape)))
            else:
                p.copy_(torch.from_numpy((0.12 * weights.draw(seed, adapter + name, "standard_normal", p.shape)).astype(np.float32)))


def write_adapter(model, path, adapter, base):
    path.mkdir(parents=True)
    folder.write_tensors(path / "adapter_model.safetensors", get_peft_model_state_dict(model, adapter_name=adapter, save_embedding_layers=False))
    config = model.peft_config[adapter].to_dict() | {"base_model_name_or_path": base, "inference_mode": True}
    config = {k: sorted(v) if isinstance(v, set) else getattr(v, "value", v) for k, v in config.items() if v is not None and k != "runtime_config"}
    folder.write_json(path / "adapter_config.json", dict(sorted(config.items())))


def reference(base, paths, scales, ids):
    model, first = None, None
    for name in scales:
        if model is None:
            model, first = PeftModel.from_pretrained(copy.deepcopy(base), paths[name], adapter_name=name), name
        else:
            model.load_adapter(paths[name], adapter_name=name)
    model.base_model.set_adapter(list(scales))
    for module in model.modules():
        for name, scale in scales.items():
            if isinstance(module, LoraLayer) and name in module.scaling:
                module.set_scale(name, scale)
    return folder.run(model.eval(), ids)[0]


def make_for(path, adapters, cases, seed):
    base = base_model(path)
    ids = [int(x) for x in (path / "tokens.txt").read_text().split()]
    plain = np.load(path / "logits.npy")
    out = folder.start(path / "adapters")
    paths = {adapter: out / adapter for adapter in adapters}
    for adapter, arguments in adapters.items():
        model = get_peft_model(copy.deepcopy(base), LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **arguments), adapter_name=adapter)
        draw(model, seed, adapter)
        write_adapter(model, paths[adapter], adapter, path.name)
    lines = []
    for case, scales in cases.items():
        logits = reference(base, paths, scales, ids)
        folder.write_array(out / f"{case}.npy", logits)
        lines.append(" ".join([f"{case}.npy"] + [f"{a}:{s}" for a, s in scales.items()]))
        print(f"  {path.name} with {case}: changes logits by {np.abs(logits - plain).max():.2g}, std {logits.std():.2f}")
    (out / "cases.txt").write_text("\n".join(lines) + "\n")


def make(families, seed=3):
    """families: the folder of the tiny models, which exist."""
    for base, (adapters, cases) in BASES.items():
        make_for(families / base, adapters, cases, seed)


def convert(path, llama_cpp):
    """The plain LoRA as GGUF: the converter knows neither rsLoRA's factor nor DoRA."""
    subprocess.run([sys.executable, llama_cpp / "convert_lora_to_gguf.py", "--base", path, "--outfile", path / "adapters" / "plain.gguf", "--outtype", "f32", path / "adapters" / "plain"], check=True,
                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
