#!/usr/bin/env python3
"""Writes tiny.gguf, the model of these tests: a Llama of one layer with random weights, byte-level BPE over 256 bytes, a few merges and
ChatML's control tokens. Its answers mean nothing; they only have to be there. Needs the packages gguf and numpy; run by hand.

    tests/cli/make_tiny.py tests/cli/tiny.gguf
"""
import sys

import gguf
import numpy as np

EMBD, FF, HEADS, KV_HEADS, SEED = 32, 64, 2, 1, 7
MERGES = ['Ġ t', 'h e', 'Ġt he', 'i n', 'e r', 'o u', 'a n', 'Ġ a', 'Ġ s', 'u s', 'us er']
TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")


def byte_letters():
    """GPT-2's printable letter for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, more = {}, 0
    for b in range(256):
        letters[b] = chr(b) if b in plain else chr(256 + more)
        more += b not in plain
    return [letters[b] for b in range(256)]


def main(path):
    control = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
    tokens = control + byte_letters() + [m.replace(' ', '') for m in MERGES]
    types = [3] * len(control) + [1] * (len(tokens) - len(control))
    w = gguf.GGUFWriter(path, 'llama')
    w.add_name('tiny')
    w.add_context_length(256)
    w.add_embedding_length(EMBD)
    w.add_block_count(1)
    w.add_feed_forward_length(FF)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    w.add_rope_dimension_count(EMBD // HEADS)
    w.add_vocab_size(len(tokens))
    w.add_file_type(1)
    w.add_tokenizer_model('gpt2')
    w.add_tokenizer_pre('gpt-2')
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(MERGES)
    w.add_bos_token_id(0)
    w.add_eos_token_id(2)
    w.add_add_bos_token(False)
    w.add_chat_template(TEMPLATE)
    rng = np.random.default_rng(SEED)
    kv = EMBD // HEADS * KV_HEADS

    def weight(name, rows, columns):
        w.add_tensor(name, (rng.standard_normal((rows, columns)) * 0.2).astype(np.float16))

    weight('token_embd.weight', len(tokens), EMBD)
    w.add_tensor('output_norm.weight', np.ones(EMBD, np.float32))
    w.add_tensor('blk.0.attn_norm.weight', np.ones(EMBD, np.float32))
    weight('blk.0.attn_q.weight', EMBD, EMBD)
    weight('blk.0.attn_k.weight', kv, EMBD)
    weight('blk.0.attn_v.weight', kv, EMBD)
    weight('blk.0.attn_output.weight', EMBD, EMBD)
    w.add_tensor('blk.0.ffn_norm.weight', np.ones(EMBD, np.float32))
    weight('blk.0.ffn_gate.weight', FF, EMBD)
    weight('blk.0.ffn_up.weight', FF, EMBD)
    weight('blk.0.ffn_down.weight', EMBD, FF)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


main(*sys.argv[1:])
