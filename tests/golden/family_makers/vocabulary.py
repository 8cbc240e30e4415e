"""Tiny tokenizers made from the text below: byte-level BPE for decoders, WordPiece and Unigram for encoders."""
import json
import math
import re
import tempfile
from collections import Counter

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXT = """the quick brown fox jumps over the lazy dog. a small model runs on a small machine, and it answers in a second or two.
the rain in spain stays mainly in the plain; where is the train to the station? we measured it: 12 of 40 tests were slow, 8 failed.
letters, words and sentences are made of bytes. every number is checked, every name is known, and nothing is left to chance.
one two three four five six seven eight nine ten. who said that this would be easy? it never is, but we try again and again.
a river runs through the valley, the stones are warm, and the children throw them into the water until the sun goes down."""

BPE_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"]
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def byte_level_bpe(size):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(TEXT.split("\n"), trainers.BpeTrainer(vocab_size=size, special_tokens=BPE_SPECIAL, show_progress=False))
    assert t.get_vocab_size() == size
    return t, {"tokenizer_class": "GPT2Tokenizer", "bos_token": None, "eos_token": "<|endoftext|>", "add_bos_token": False, "add_prefix_space": False,
               "clean_up_tokenization_spaces": False, "model_max_length": 512, "added_tokens_decoder": added(BPE_SPECIAL)}


def by_frequency(pieces):
    """The trainers of WordPiece and Unigram are not the same twice; counting is."""
    return [p for p, _ in sorted(Counter(pieces).items(), key=lambda x: (-x[1], x[0]))]


def word_piece(size):
    words = re.findall(r"\w+|[^\w\s]", TEXT)
    letters = sorted(set("".join(words)))
    inner = sorted({"##" + c for w in words for c in w[1:]})
    pieces = BERT_SPECIAL + letters + inner
    pieces += by_frequency([w for w in words if len(w) > 1] + ["##" + w[k:] for w in words for k in range(1, len(w) - 1)])[: size - len(pieces)]
    t = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    t.add_special_tokens(BERT_SPECIAL)
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    assert t.get_vocab_size() == size
    return t, {"tokenizer_class": "BertTokenizer", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]",
               "do_lower_case": True, "model_max_length": 64, "added_tokens_decoder": added(BERT_SPECIAL)}


def character_map():
    """SentencePiece's table of characters, with a few of the published one's rules: wide letters and capitals are small ones, other blanks are a space."""
    rules = [(0xFF21 + i, 0x61 + i) for i in range(26)] + [(0x41 + i, 0x61 + i) for i in range(26)] + [(c, 0x20) for c in (9, 10, 0x3000)]
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as tsv:
        tsv.write("".join(f"{a:X}\t{b:X}\n" for a, b in rules))
        tsv.flush()
        proto = sentencepiece.SentencePieceNormalizer(rule_tsv=tsv.name).serialized_model_proto()
    return field(field(proto, 3), 2)


def field(proto, wanted):
    """A field that holds bytes, of a message in protobuf's wire format."""
    at = 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte, at = proto[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(proto):
        tag = number()
        if tag & 7 == 2:
            length = number()
            if tag >> 3 == wanted:
                return proto[at:at + length]
            at += length
        elif tag & 7 == 5:
            at += 4
        else:
            number()
    raise ValueError(wanted)


def unigram(size):
    """XLM-RoBERTa's form: a table of characters, runs of blanks become one, words begin with the mark."""
    words = ["\u2581" + w for w in TEXT.split()]
    letters = sorted(set("".join(words)))
    parts = [w[i:i + n] for w in words for n in (2, 3, 4) for i in range(len(w) - n + 1)]
    pieces = letters + by_frequency(parts)[: size - len(letters) - len(ROBERTA_SPECIAL)]
    counts = Counter(parts) + Counter("".join(words))
    scores = [round(math.log(counts[p] / len(parts)), 4) for p in pieces]
    t = Tokenizer(models.Unigram([(p, 0.0) for p in ROBERTA_SPECIAL[:4]] + list(zip(pieces, scores)) + [("<mask>", 0.0)], unk_id=3))
    t.add_special_tokens([AddedToken(p, special=True, lstrip=p == "<mask>") for p in ROBERTA_SPECIAL])
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(character_map()), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    t.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    assert t.get_vocab_size() == size
    return t, {"tokenizer_class": "XLMRobertaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
               "mask_token": "<mask>", "model_max_length": 64, "added_tokens_decoder": {str(t.token_to_id(p)): v for p, v in zip(ROBERTA_SPECIAL, added(ROBERTA_SPECIAL).values())}}


def added(names):
    return {str(i): {"content": n, "special": True, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False} for i, n in enumerate(names)}


def write(made, folder):
    tokenizer, config = made
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
