/* A tokenizer from the keys tokenizer.ggml.* of a GGUF, read as llama.cpp reads them, but for three points where the published tokenizers differ from it:
 * Qwen's texts are brought to NFC, "</s>" among Qwen's ordinary tokens stays one, and BERT's words are cleaned and limited by BERT's own rules. */
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define KEY(name) "tokenizer.ggml." name
#define META "\xe2\x96\x81"

typedef struct loader {
    const mote_gguf *g;
    mote_tokenizer *t;
    mote_error *err;
    const mote_pretokenizer_named *pre;
    mote_str model;
    bool add_bos, add_eos, add_sep, add_space;
    int32_t sep;
} loader;

static mote_status wrong_type(const loader *l, const char *key, const char *wanted) {
    return mote_error_set(l->err, MOTE_ERR_FORMAT, "%s has the wrong type, %s expected", key, wanted);
}

static mote_status check_arrays(const loader *l, const mote_gguf_value *tokens, const mote_gguf_value *scores, const mote_gguf_value *types) {
    if (!tokens)
        return mote_error_set(l->err, MOTE_ERR_FORMAT, "no " KEY("tokens") ": the file has no vocabulary");
    if (tokens->type != MOTE_GGUF_ARRAY || tokens->item_type != MOTE_GGUF_STRING)
        return wrong_type(l, KEY("tokens"), "an array of strings");
    if (tokens->n_items == 0)
        return mote_error_set(l->err, MOTE_ERR_FORMAT, KEY("tokens") " is empty: the vocabulary has no tokens");
    if (tokens->n_items > MOTE_VOCABULARY_MAX_TOKENS)
        return mote_error_set(l->err, MOTE_ERR_LIMIT, KEY("tokens") " has %llu tokens, at most %d are read", (unsigned long long)tokens->n_items, MOTE_VOCABULARY_MAX_TOKENS);
    if (scores && (scores->type != MOTE_GGUF_ARRAY || scores->item_type != MOTE_GGUF_F32))
        return wrong_type(l, KEY("scores"), "an array of f32");
    if (scores && scores->n_items < tokens->n_items)
        return mote_error_set(l->err, MOTE_ERR_FORMAT, KEY("scores") " has %llu entries for %llu tokens", (unsigned long long)scores->n_items, (unsigned long long)tokens->n_items);
    if (types && (types->type != MOTE_GGUF_ARRAY || (types->item_type != MOTE_GGUF_I32 && types->item_type != MOTE_GGUF_U32)))
        return wrong_type(l, KEY("token_type"), "an array of i32");
    if (types && types->n_items < tokens->n_items)
        return mote_error_set(l->err, MOTE_ERR_FORMAT, KEY("token_type") " has %llu entries for %llu tokens", (unsigned long long)types->n_items,
                              (unsigned long long)tokens->n_items);
    return MOTE_OK;
}

static mote_status read_vocabulary(loader *l, bool with_scores) {
    const mote_gguf_value *tokens = mote_gguf_find(l->g, KEY("tokens")), *scores = mote_gguf_find(l->g, KEY("scores")), *types = mote_gguf_find(l->g, KEY("token_type"));
    MOTE_TRY(check_arrays(l, tokens, scores, types));
    uint64_t cursor = 0, total = 0;
    mote_str text;
    while (mote_gguf_next_string(tokens, &cursor, &text))
        total += text.len;
    MOTE_TRY(mote_vocabulary_init(&l->t->vocabulary, (uint32_t)tokens->n_items, total, with_scores, l->err));
    cursor = 0;
    for (uint64_t i = 0; mote_gguf_next_string(tokens, &cursor, &text); i++) {
        int64_t type = MOTE_TOKEN_NORMAL;
        float score = 0;
        uint8_t byte;
        if (types && mote_gguf_item_integer(types, i, &type) && (type < MOTE_TOKEN_NORMAL || type > MOTE_TOKEN_BYTE))
            type = MOTE_TOKEN_UNUSED;
        if (with_scores && scores && (!mote_gguf_item_float(scores, i, &score) || !isfinite(score)))
            return mote_error_set(l->err, MOTE_ERR_FORMAT, KEY("scores") ": the score of token %llu is not finite", (unsigned long long)i);
        if (type == MOTE_TOKEN_BYTE && !mote_vocabulary_spells_byte(text, &byte))
            return mote_error_set(l->err, MOTE_ERR_FORMAT, KEY("tokens") ": byte token %llu is spelled '%.*s', not <0xHH>", (unsigned long long)i, MOTE_STR_ARGS(text));
        mote_vocabulary_add(&l->t->vocabulary, text, (mote_token_type)type, score);
    }
    return mote_vocabulary_finish(&l->t->vocabulary, l->err);
}

/* Absent: `otherwise`, if the vocabulary has it. 4294967295: none, as some writers spell it. */
static mote_status read_id(const loader *l, const char *key, int32_t otherwise, int32_t *id) {
    uint32_t n = l->t->vocabulary.n_tokens, value = UINT32_MAX;
    *id = otherwise >= 0 && (uint32_t)otherwise < n ? otherwise : -1;
    if (!mote_gguf_find(l->g, key))
        return MOTE_OK;
    MOTE_TRY(mote_gguf_get_u32(l->g, key, true, &value, l->err));
    if (value != UINT32_MAX && value >= n)
        return mote_error_set(l->err, MOTE_ERR_FORMAT, "%s: token id %u is out of range, there are %u tokens", key, value, n);
    *id = value == UINT32_MAX ? -1 : (int32_t)value;
    return MOTE_OK;
}

static mote_status read_ids(loader *l, int32_t bos, int32_t eos, int32_t unknown, int32_t sep) {
    mote_tokenizer *t = l->t;
    int32_t other;
    MOTE_TRY(read_id(l, KEY("cls_token_id"), bos, &bos));
    MOTE_TRY(read_id(l, KEY("bos_token_id"), bos, &t->bos));
    MOTE_TRY(read_id(l, KEY("eos_token_id"), eos, &t->eos));
    MOTE_TRY(read_id(l, KEY("eot_token_id"), -1, &t->eot));
    MOTE_TRY(read_id(l, KEY("eom_token_id"), -1, &t->eom));
    MOTE_TRY(read_id(l, KEY("unknown_token_id"), unknown, &t->unknown));
    MOTE_TRY(read_id(l, KEY("seperator_token_id"), sep, &l->sep)); /* spelled so in the format */
    static const char *const checked[] = {KEY("padding_token_id"), KEY("mask_token_id"),    KEY("fim_pre_token_id"), KEY("fim_suf_token_id"),
                                          KEY("fim_mid_token_id"), KEY("fim_pad_token_id"), KEY("fim_rep_token_id"), KEY("fim_sep_token_id")};
    for (size_t i = 0; i < sizeof checked / sizeof checked[0]; i++)
        MOTE_TRY(read_id(l, checked[i], -1, &other));
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("add_bos_token"), false, &l->add_bos, l->err));
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("add_eos_token"), false, &l->add_eos, l->err));
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("add_sep_token"), false, &l->add_sep, l->err));
    return mote_gguf_get_bool(l->g, KEY("add_space_prefix"), false, &l->add_space, l->err);
}

static mote_status read_merges(const loader *l, bool bytes) {
    const mote_gguf_value *v = mote_gguf_find(l->g, KEY("merges"));
    if (!v)
        return mote_error_set(l->err, MOTE_ERR_FORMAT, "no " KEY("merges") ": a byte-pair model needs merges");
    if (v->type != MOTE_GGUF_ARRAY || v->item_type != MOTE_GGUF_STRING)
        return wrong_type(l, KEY("merges"), "an array of strings");
    if (v->n_items > MOTE_VOCABULARY_MAX_TOKENS)
        return mote_error_set(l->err, MOTE_ERR_LIMIT, KEY("merges") " has %llu merges, at most %d are read", (unsigned long long)v->n_items, MOTE_VOCABULARY_MAX_TOKENS);
    MOTE_TRY(mote_bpe_init(&l->t->bpe, &l->t->vocabulary, (uint32_t)v->n_items, bytes, l->err));
    uint64_t cursor = 0;
    mote_str m;
    for (uint64_t i = 0; mote_gguf_next_string(v, &cursor, &m); i++) {
        const char *space = m.len > 1 ? memchr(m.data + 1, ' ', m.len - 1) : NULL;
        if (!space)
            return mote_error_set(l->err, MOTE_ERR_FORMAT, KEY("merges") ": merge %llu, '%.*s', has no space between two pieces", (unsigned long long)i, MOTE_STR_ARGS(m));
        size_t left = (size_t)(space - m.data);
        mote_bpe_add(&l->t->bpe, (mote_str){m.data, left}, (mote_str){space + 1, m.len - left - 1});
    }
    return mote_bpe_finish(&l->t->bpe, l->err);
}

static mote_status load_bpe(loader *l) {
    mote_tokenizer *t = l->t;
    mote_str pre = {0};
    MOTE_TRY(mote_gguf_get_string(l->g, KEY("pre"), false, &pre, l->err));
    if (mote_str_is(l->model, "gemma4"))
        pre = MOTE_STR("gemma4");
    l->pre = mote_pretokenizer_find(pre.len ? pre : MOTE_STR("default"));
    if (!l->pre)
        return mote_error_set(l->err, MOTE_ERR_UNSUPPORTED, KEY("pre") ": pre-tokenizer '%.*s' is not known", MOTE_STR_ARGS(pre));
    bool newlines = l->pre->chain.stages[0].kind == MOTE_SPLIT_NEWLINES;
    l->add_bos = l->pre->add_bos;
    MOTE_TRY(read_vocabulary(l, false));
    MOTE_TRY(read_ids(l, -1, -1, -1, -1));
    MOTE_TRY(read_merges(l, !newlines));
    t->pretokenizer = l->pre->chain;
    t->bpe.whole_words = l->pre->ignore_merges;
    t->bpe.whole_newlines = t->bpe.fallback = newlines;
    t->spelling = newlines ? MOTE_SPELLING_METASPACE : MOTE_SPELLING_BYTES;
    if (mote_str_is(l->model, "gemma4"))
        l->add_bos = true; /* early files say false; the model needs it */
    if (l->add_space)
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_PREPEND_FIRST, (mote_str){0}, MOTE_STR(" "), l->err));
    if (newlines)
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_REPLACE, MOTE_STR(" "), MOTE_STR(META), l->err));
    return l->pre->nfc ? mote_tokenizer_add_step(t, MOTE_NORMALIZE_NFC, (mote_str){0}, (mote_str){0}, l->err) : MOTE_OK;
}

/* The map is an array of bytes. */
static mote_status load_charsmap(loader *l) {
    const mote_gguf_value *v = mote_gguf_find(l->g, KEY("precompiled_charsmap"));
    if (!v)
        return MOTE_OK;
    if (v->type != MOTE_GGUF_ARRAY || (v->item_type != MOTE_GGUF_U8 && v->item_type != MOTE_GGUF_I8))
        return wrong_type(l, KEY("precompiled_charsmap"), "an array of bytes");
    MOTE_TRY(mote_charsmap_check(v->data, v->n_items, l->err));
    return mote_tokenizer_add_step(l->t, MOTE_NORMALIZE_CHARSMAP, (mote_str){0}, (mote_str){(const char *)v->data, v->n_items}, l->err);
}

/* Phi-3's chat tokens swallow the white space behind them; no key says so, only the model's name. */
static mote_status strip_after_specials(loader *l) {
    mote_str name = {0};
    mote_tokenizer *t = l->t;
    MOTE_TRY(mote_gguf_get_string(l->g, "general.name", false, &name, l->err));
    bool phi3 = false;
    for (size_t i = 0; i + 4 <= name.len; i++)
        phi3 = phi3 || strncasecmp(name.data + i, "phi3", 4) == 0 || (i + 5 <= name.len && strncasecmp(name.data + i, "phi-3", 5) == 0);
    if (!phi3)
        return MOTE_OK;
    t->added_flags = mote_mem_zalloc_array(t->vocabulary.n_tokens, 1);
    if (!t->added_flags)
        return mote_error_alloc(l->err, t->vocabulary.n_tokens);
    for (uint32_t id = 0; id < t->vocabulary.n_tokens; id++) {
        mote_token_type type = t->vocabulary.types[id];
        mote_str text = mote_vocabulary_text(&t->vocabulary, id);
        if ((type == MOTE_TOKEN_CONTROL || type == MOTE_TOKEN_USER_DEFINED || type == MOTE_TOKEN_UNKNOWN) && !mote_str_is(text, "<unk>") && !mote_str_is(text, "<s>") &&
            !mote_str_is(text, "<|endoftext|>"))
            t->added_flags[id] = MOTE_ADDED_RSTRIP;
    }
    return MOTE_OK;
}

static mote_status load_spm(loader *l) {
    mote_tokenizer *t = l->t;
    l->add_bos = l->add_space = true;
    MOTE_TRY(read_vocabulary(l, true));
    MOTE_TRY(read_ids(l, 1, 2, 0, -1));
    mote_spm_init(&t->spm, &t->vocabulary, t->unknown);
    MOTE_TRY(load_charsmap(l));
    if (l->add_space)
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_PREPEND, (mote_str){0}, MOTE_STR(" "), l->err));
    MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_REPLACE, MOTE_STR(" "), MOTE_STR(META), l->err));
    t->spelling = MOTE_SPELLING_METASPACE;
    t->strip_first_space = l->add_space;
    return strip_after_specials(l);
}

static mote_status load_unigram(loader *l) {
    mote_tokenizer *t = l->t;
    bool merge = false, suffix = false;
    l->add_eos = true;
    l->add_space = true;
    MOTE_TRY(read_vocabulary(l, true));
    MOTE_TRY(read_ids(l, -1, 1, 2, -1));
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("remove_extra_whitespaces"), false, &merge, l->err));
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("treat_whitespace_as_suffix"), false, &suffix, l->err));
    MOTE_TRY(mote_unigram_init(&t->unigram, &t->vocabulary, t->unknown, false, l->err));
    MOTE_TRY(load_charsmap(l));
    if (merge)
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_MERGE_SPACES, (mote_str){0}, (mote_str){0}, l->err));
    if (l->add_space)
        MOTE_TRY(mote_tokenizer_add_step(t, suffix ? MOTE_NORMALIZE_APPEND : MOTE_NORMALIZE_PREPEND, (mote_str){0}, MOTE_STR(" "), l->err));
    MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_REPLACE, MOTE_STR(" "), MOTE_STR(META), l->err));
    t->spelling = MOTE_SPELLING_METASPACE;
    t->strip_first_space = l->add_space && !suffix;
    return MOTE_OK;
}

static mote_status load_wordpiece(loader *l) {
    enum { BERT_CLS = 101, BERT_UNK = 100, BERT_SEP = 102, WORD_MAX_CHARACTERS = 100 };
    mote_tokenizer *t = l->t;
    bool lower = true, strip;
    l->add_bos = l->add_sep = true;
    MOTE_TRY(read_vocabulary(l, false));
    MOTE_TRY(read_ids(l, BERT_CLS, -1, BERT_UNK, BERT_SEP));
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("normalizer.lowercase"), false, &lower, l->err));
    strip = lower;
    MOTE_TRY(mote_gguf_get_bool(l->g, KEY("normalizer.strip_accents"), false, &strip, l->err));
    const struct {
        mote_normalize_op op;
        bool wanted;
    } steps[] = {
        {MOTE_NORMALIZE_CLEAN, true}, {MOTE_NORMALIZE_SPACE_HAN, true}, {MOTE_NORMALIZE_NFD, strip}, {MOTE_NORMALIZE_STRIP_ACCENTS, strip}, {MOTE_NORMALIZE_LOWERCASE, lower}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].wanted)
            MOTE_TRY(mote_tokenizer_add_step(t, steps[i].op, (mote_str){0}, (mote_str){0}, l->err));
    t->pretokenizer = (mote_pretokenizer){.n_stages = 1, .stages = {{.kind = MOTE_SPLIT_BERT}}};
    t->wordpiece = (mote_wordpiece){.vocabulary = &t->vocabulary, .unknown = t->unknown, .max_characters = WORD_MAX_CHARACTERS, .head = META, .head_len = 3};
    t->spelling = MOTE_SPELLING_WORDPIECE;
    t->word_head = t->strip_first_space = t->clean_up = true;
    return MOTE_OK;
}

static void surround(loader *l) {
    mote_tokenizer *t = l->t;
    if (l->add_bos && t->bos >= 0)
        t->before[t->n_before++] = t->bos;
    if (l->add_eos && t->eos >= 0)
        t->after[t->n_after++] = t->eos;
    else if (l->add_sep && t->model == MOTE_TOKENIZER_WORDPIECE && l->sep >= 0)
        t->after[t->n_after++] = l->sep;
    bool is_bert = t->model == MOTE_TOKENIZER_WORDPIECE;
    if (l->sep < 0)
        return;
    if (!is_bert && t->eos >= 0)
        t->between[t->n_between++] = t->eos;
    t->between[t->n_between++] = l->sep;
    t->second_type = is_bert;
}

mote_status mote_tokenizer_from_gguf(const mote_gguf *g, mote_tokenizer **tokenizer, mote_error *err) {
    loader l = {.g = g, .err = err, .sep = -1};
    mote_status status = MOTE_OK;
    *tokenizer = NULL;
    MOTE_TRY(mote_gguf_get_string(g, KEY("model"), true, &l.model, err));
    MOTE_TRY(mote_tokenizer_create(&l.t, err));
    if (mote_str_is(l.model, "gpt2") || mote_str_is(l.model, "gemma4")) {
        l.t->model = MOTE_TOKENIZER_BPE;
        status = load_bpe(&l);
    } else if (mote_str_is(l.model, "llama")) {
        l.t->model = MOTE_TOKENIZER_SPM;
        status = load_spm(&l);
    } else if (mote_str_is(l.model, "t5")) {
        l.t->model = MOTE_TOKENIZER_UNIGRAM;
        status = load_unigram(&l);
    } else if (mote_str_is(l.model, "bert")) {
        l.t->model = MOTE_TOKENIZER_WORDPIECE;
        status = load_wordpiece(&l);
    } else {
        status = mote_error_set(err, MOTE_ERR_UNSUPPORTED, KEY("model") ": tokenizer '%.*s' is not known", MOTE_STR_ARGS(l.model));
    }
    if (status == MOTE_OK) {
        surround(&l);
        status = mote_tokenizer_finish(l.t, true, err);
    }
    if (status == MOTE_OK)
        *tokenizer = l.t;
    else
        mote_tokenizer_free(&l.t);
    return status;
}
