#!/usr/bin/env python3
"""Writes mixes.txt: the types that llama.cpp's llama-quantize chooses, tensor by tensor, for small models of zeros that meet every rule. Needs the packages gguf and numpy, and
llama-quantize; run by hand.

    tests/golden/make_mixes.py LLAMA_QUANTIZE > tests/golden/mixes.txt
"""
import re
import subprocess
import sys
import tempfile

import gguf
import numpy as np

MIXES = ('F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS Q3_K_L Q3_K_M Q3_K_S Q2_K Q2_K_S').split()
LETTERS = {'f32': '.', 'f16': 'h', 'bf16': 'b', 'q8_0': '8', 'q6_K': '6', 'q5_K': '5', 'q5_1': 'F', 'q5_0': 'f', 'q4_K': '4', 'q4_1': 'D', 'q4_0': 'd', 'iq4_nl': 'n', 'iq4_xs': 'x',
           'q3_K': '3', 'q2_K': '2'}


def tensors_of(layers, experts=0, fused=False, columns=256, tied=False, extra=()):
    found = [('token_embd.weight', (64, columns)), ('output_norm.weight', (columns,))]
    if not tied:
        found.append(('output.weight', (64, columns)))
    for layer in range(layers):
        p = f'blk.{layer}.'
        found += [(p + 'attn_norm.weight', (columns,)), (p + 'attn_output.weight', (columns, columns))]
        found += [(p + 'attn_qkv.weight', (96, columns))] if fused else [(p + f'attn_{n}.weight', (32, columns)) for n in 'qkv']
        if experts:
            found += [(p + 'ffn_gate_inp.weight', (experts, columns)), (p + 'ffn_gate_exps.weight', (experts, 64, columns)), (p + 'ffn_up_exps.weight', (experts, 64, columns)),
                      (p + 'ffn_down_exps.weight', (experts, columns, 256)), (p + 'ffn_down_shexp.weight', (columns, 256))]
        else:
            found += [(p + 'ffn_gate.weight', (64, columns)), (p + 'ffn_up.weight', (64, columns)), (p + 'ffn_down.weight', (columns, 2 * columns))]
        found += [(p + name, shape) for name, shape in extra]
    return found


# name, architecture, layers, heads, key/value heads (a list: one a layer), experts, tensors, further keys
MODELS = [
    ('dense', 'llama', 18, 8, 8, 0, tensors_of(18), {}),
    ('shared', 'llama', 9, 8, 2, 0, tensors_of(9, tied=True), {}),
    ('large', 'llama', 80, 64, 8, 0, tensors_of(80), {}),
    ('experts8', 'llama', 8, 8, 2, 8, tensors_of(8, 8), {}),
    ('experts4', 'qwen3moe', 16, 8, 2, 4, tensors_of(16, 4, extra=[('attn_q_norm.weight', (4,))]), {}),
    ('falcon', 'falcon', 16, 8, 1, 0, tensors_of(16, fused=True), {}),
    ('fused', 'phi3', 16, 8, 8, 0, tensors_of(16, fused=True), {'rope.dimension_count': 32}),
    ('normed', 'olmo2', 16, 8, 8, 0, tensors_of(16, extra=[('attn_q_norm.weight', (256,)), ('post_attention_norm.weight', (256,))]), {}),
    ('windowed', 'gemma3', 16, 8, 4, 0, tensors_of(16, tied=True), {'attention.sliding_window': 32}),
    ('convolved', 'lfm2', 10, 8, [0, 0, 2, 0, 0, 2, 0, 0, 2, 0], 0,
     tensors_of(10, extra=[('shortconv.conv.weight', (256, 3)), ('shortconv.in_proj.weight', (768, 256)), ('shortconv.out_proj.weight', (256, 256))]), {'shortconv.l_cache': 3}),
    ('narrow', 'llama', 9, 8, 2, 0, tensors_of(9, columns=96), {}),
    ('odd', 'llama', 9, 8, 2, 0, tensors_of(9, columns=40), {}),
]


def write_model(path, architecture, layers, heads, kv, experts, tensors, keys):
    w = gguf.GGUFWriter(path, architecture)
    w.add_block_count(layers)
    w.add_context_length(128)
    w.add_embedding_length(tensors[0][1][1])
    w.add_feed_forward_length(64)
    w.add_head_count(heads)
    w.add_head_count_kv(kv)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_layer_norm_eps(1e-5)
    if experts:
        w.add_expert_count(experts)
        w.add_expert_used_count(2)
    for key, value in keys.items():
        w.add_uint32(f'{architecture}.{key}', value)
    w.add_tokenizer_model('no_vocab')
    w.add_vocab_size(64)
    for name, shape in tensors:
        w.add_tensor(name, np.zeros(shape, np.float32))
    finish(w)


def write_importance(path, tensors):
    w = gguf.GGUFWriter(path, 'none')
    w.add_type('imatrix')
    w.add_array('imatrix.datasets', ['zeros'])
    w.add_uint32('imatrix.chunk_count', 1)
    w.add_uint32('imatrix.chunk_size', 512)
    for name, shape in tensors:
        if name.startswith('blk') and len(shape) > 1:
            n = shape[0] if len(shape) == 3 else 1
            w.add_tensor(name + '.in_sum2', np.ones((n, shape[-1]), np.float32))
            w.add_tensor(name + '.counts', np.ones((n, 1), np.float32))
    finish(w)


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main(quantize):
    print('# The types that llama.cpp chooses (llama-quantize --dry-run), by make_mixes.py.')
    print('# model NAME ARCHITECTURE LAYERS HEADS KV_HEADS_OF_LAYER_0 EXPERTS; tensor NAME DIMS, the row first; types MIX IMPORTANCE: a letter a tensor')
    print('# letters:', ' '.join(f'{letter}={name}' for name, letter in LETTERS.items()))
    for name, architecture, layers, heads, kv, experts, tensors, keys in MODELS:
        print('model', name, architecture, layers, heads, kv[0] if isinstance(kv, list) else kv, experts)
        for tensor, shape in tensors:
            print('tensor', tensor, *reversed(shape))
        with tempfile.TemporaryDirectory() as folder:
            write_model(folder + '/model.gguf', architecture, layers, heads, kv, experts, tensors, keys)
            write_importance(folder + '/importance.gguf', tensors)
            for mix in MIXES:
                for importance in (0, 1):
                    if mix == 'Q2_K_S' and not importance:
                        continue
                    flags = ['--imatrix', folder + '/importance.gguf'] if importance else []
                    said = subprocess.run([quantize, '--dry-run', *flags, folder + '/model.gguf', mix], capture_output=True, text=True, check=True)
                    chosen = dict(re.findall(r'\]\s+(\S+)\s+- \[.*?type =.*?MiB(?: -> +[\d.]+ MiB \((\w+)\))?\n', said.stdout + said.stderr))
                    print('types', mix, importance, ''.join(LETTERS[chosen[tensor] or 'f32'] for tensor, _ in tensors))


main(*sys.argv[1:])
