/* The life of a mote_tokenizer, what loaders share, and what follows from well-known token texts: where generation ends, which look-alikes are control
 * tokens. The texts are those that published vocabularies use. */
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/token_trie.h"

#include <string.h>

static const char *const turn_ends[] = {"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>",         "<turn|>",           "<|endoftext|>", "<|end_of_text|>",
                                        "<EOT>",      "_<EOT>",     "[EOT]",   "<｜end▁of▁sentence｜>", "<end_of_utterance>"};
static const char *const text_ends[] = {"<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "</s>", "<|eom_id|>", "[EOS]", "<eos>", "<|tool_response>", "[e~["};
/* A model that writes one of these has begun another file or run into padding. One of each list is taken. */
static const char *const paddings[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"};
static const char *const repositories[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"};
static const char *const separators[] = {"<|file_sep|>"};
static const char *const fill_ins[] = {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",   "<｜fim▁begin｜>", "<PRE>",        "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",
                                       "<｜fim▁hole｜>", "<SUF>",        "<|fim_middle|>", "<fim-middle>",    "<fim_middle>", "<｜fim▁end｜>",  "<MID>"};
static const char *const shown[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

mote_status mote_tokenizer_create(mote_tokenizer **tokenizer, mote_error *err) {
    mote_tokenizer *t = mote_mem_zalloc_array(1, sizeof *t);
    if (!t)
        return mote_error_alloc(err, sizeof *t);
    t->bos = t->eos = t->eot = t->eom = t->unknown = -1;
    *tokenizer = t;
    return MOTE_OK;
}

void mote_tokenizer_free(mote_tokenizer **tokenizer) {
    if (!tokenizer || !*tokenizer)
        return;
    mote_tokenizer *t = *tokenizer;
    if (t->model == MOTE_TOKENIZER_BPE)
        mote_bpe_deinit(&t->bpe);
    if (t->model == MOTE_TOKENIZER_UNIGRAM)
        mote_unigram_deinit(&t->unigram);
    mote_prefixes_deinit(&t->specials);
    mote_prefixes_deinit(&t->normalized_specials);
    for (unsigned i = 0; i < t->n_steps; i++)
        mote_normalize_step_deinit(&t->steps[i]);
    for (unsigned i = 0; i < t->n_word_steps; i++)
        mote_normalize_step_deinit(&t->word_steps[i]);
    mote_pretokenizer_deinit(&t->pretokenizer);
    mote_vocabulary_deinit(&t->vocabulary);
    mote_token_trie *trie = atomic_load(&t->trie);
    mote_token_trie_free(&trie);
    mote_mem_free(t->added_flags);
    mote_mem_free(t);
    *tokenizer = NULL;
}

mote_status mote_tokenizer_open(const char *path, mote_tokenizer **tokenizer, mote_error *err) {
    *tokenizer = NULL;
    if (mote_file_is_directory(path))
        return mote_tokenizer_from_folder(path, tokenizer, err);
    mote_gguf *g = NULL;
    MOTE_TRY(mote_gguf_open(path, &g, err));
    mote_status status = mote_tokenizer_from_gguf(g, tokenizer, err);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
    mote_gguf_close(&g);
    return status;
}

static char *copy(mote_str s) {
    char *p = mote_mem_alloc(s.len + 1);
    if (p) {
        if (s.len)
            memcpy(p, s.data, s.len);
        p[s.len] = '\0';
    }
    return p;
}

mote_status mote_tokenizer_add_step(mote_tokenizer *t, mote_normalize_op op, mote_str pattern, mote_str content, mote_error *err) {
    if (t->n_steps == MOTE_TOKENIZER_MAX_STEPS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the tokenizer has more than %d normalizing steps", MOTE_TOKENIZER_MAX_STEPS);
    mote_normalize_step *s = &t->steps[t->n_steps++];
    *s = (mote_normalize_step){.op = op, .pattern_len = pattern.len, .content_len = content.len};
    s->pattern = copy(pattern);
    s->content = copy(content);
    return s->pattern && s->content ? MOTE_OK : mote_error_alloc(err, pattern.len + content.len);
}

void mote_tokenizer_add_end(mote_tokenizer *t, int32_t id) {
    if (id >= 0 && (uint32_t)id < t->vocabulary.n_tokens && !mote_tokenizer_is_end(t, id) && t->n_ends < MOTE_TOKENIZER_MAX_ENDS)
        t->ends[t->n_ends++] = id;
}

static void remove_end(mote_tokenizer *t, int32_t id) {
    for (unsigned i = 0; i < t->n_ends; i++)
        if (t->ends[i] == id)
            t->ends[i] = t->ends[--t->n_ends];
}

static int32_t find(const mote_tokenizer *t, const char *text) {
    return mote_tokenizer_find(t, mote_str_of(text));
}

/* Converters sometimes leave such tokens as ordinary ones. "</s>" alone occurs as an ordinary piece of text in byte-level vocabularies. */
static bool is_control_like(mote_tokenizer *t, int32_t id, const char *text, bool retype) {
    if (id < 0 || (t->vocabulary.types[id] == MOTE_TOKEN_NORMAL && (!retype || strcmp(text, "</s>") == 0)))
        return false;
    if (retype)
        t->vocabulary.types[id] = MOTE_TOKEN_CONTROL;
    return true;
}

static void find_ends(mote_tokenizer *t, bool retype) {
    for (size_t i = 0; i < COUNT(turn_ends); i++) {
        int32_t id = find(t, turn_ends[i]);
        if (!is_control_like(t, id, turn_ends[i], retype))
            continue;
        t->eot = t->eot < 0 ? id : t->eot;
        mote_tokenizer_add_end(t, id);
    }
    for (size_t i = 0; i < COUNT(text_ends); i++) {
        int32_t id = find(t, text_ends[i]);
        if (is_control_like(t, id, text_ends[i], retype))
            mote_tokenizer_add_end(t, id);
    }
    int32_t eom = find(t, "<|eom_id|>");
    t->eom = t->eom < 0 ? eom : t->eom;
    const char *const *lists[] = {paddings, repositories, separators};
    const size_t counts[] = {COUNT(paddings), COUNT(repositories), COUNT(separators)};
    for (size_t k = 0; k < COUNT(lists); k++)
        for (size_t i = 0; i < counts[k]; i++) {
            int32_t id = find(t, lists[k][i]);
            if (is_control_like(t, id, lists[k][i], retype)) {
                mote_tokenizer_add_end(t, id);
                break;
            }
        }
    for (size_t i = 0; i < COUNT(fill_ins); i++)
        (void)is_control_like(t, find(t, fill_ins[i]), fill_ins[i], retype);
    mote_tokenizer_add_end(t, t->eos);
    mote_tokenizer_add_end(t, t->eot);
    mote_tokenizer_add_end(t, t->eom);
}

static bool is_one_of(mote_str text, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (mote_str_is(text, list[i]))
            return true;
    return false;
}

bool mote_tokenizer_is_known_end(const mote_tokenizer *t, int32_t id) {
    mote_str text = mote_vocabulary_text(&t->vocabulary, (uint32_t)id);
    return is_one_of(text, turn_ends, COUNT(turn_ends)) || is_one_of(text, text_ends, COUNT(text_ends)) || is_one_of(text, paddings, COUNT(paddings)) ||
           is_one_of(text, repositories, COUNT(repositories)) || is_one_of(text, separators, COUNT(separators));
}

/* Vocabularies in which a turn has parts: <|end|> ends a part there, and the marks between parts are shown. */
static void adjust_parts(mote_tokenizer *t, bool retype) {
    bool call = find(t, "<|call|>") >= 0 || find(t, "<|calls|>") >= 0;
    int32_t end = find(t, "<|end|>");
    if (end >= 0 && call && (find(t, "<|return|>") >= 0 || find(t, "<|flush|>") >= 0)) {
        remove_end(t, end);
        if (retype)
            t->vocabulary.types[end] = MOTE_TOKEN_USER_DEFINED;
    }
    for (size_t i = 0; retype && i < COUNT(shown); i++) {
        int32_t id = find(t, shown[i]);
        if (id >= 0)
            t->vocabulary.types[id] = MOTE_TOKEN_USER_DEFINED;
    }
}

static bool is_special(const mote_tokenizer *t, uint32_t id) {
    uint8_t type = t->vocabulary.types[id];
    return type == MOTE_TOKEN_CONTROL || type == MOTE_TOKEN_USER_DEFINED || type == MOTE_TOKEN_UNKNOWN;
}

static bool is_raw_special(const void *context, uint32_t id) {
    const mote_tokenizer *t = context;
    return is_special(t, id) && !(t->added_flags && t->added_flags[id] & MOTE_ADDED_NORMALIZED);
}

static bool is_normalized_special(const void *context, uint32_t id) {
    const mote_tokenizer *t = context;
    return is_special(t, id) && t->added_flags && t->added_flags[id] & MOTE_ADDED_NORMALIZED;
}

mote_status mote_tokenizer_finish(mote_tokenizer *t, bool eog_by_text, mote_error *err) {
    find_ends(t, eog_by_text);
    adjust_parts(t, eog_by_text);
    t->longest_piece = t->vocabulary.longest_bytes + 1;
    MOTE_TRY(mote_prefixes_init(&t->specials, &t->vocabulary, is_raw_special, t, err));
    return t->added_flags ? mote_prefixes_init(&t->normalized_specials, &t->vocabulary, is_normalized_special, t, err) : MOTE_OK;
}

int32_t mote_tokenizer_n_tokens(const mote_tokenizer *t) {
    return (int32_t)t->vocabulary.n_tokens;
}

int32_t mote_tokenizer_bos(const mote_tokenizer *t) {
    return t->bos;
}

int32_t mote_tokenizer_eos(const mote_tokenizer *t) {
    return t->eos;
}

int32_t mote_tokenizer_eot(const mote_tokenizer *t) {
    return t->eot;
}

int32_t mote_tokenizer_eom(const mote_tokenizer *t) {
    return t->eom;
}

int32_t mote_tokenizer_unknown(const mote_tokenizer *t) {
    return t->unknown;
}

bool mote_tokenizer_adds_bos(const mote_tokenizer *t) {
    return t->n_before > 0;
}

bool mote_tokenizer_adds_eos(const mote_tokenizer *t) {
    return t->n_after > 0;
}

bool mote_tokenizer_is_end(const mote_tokenizer *t, int32_t id) {
    for (unsigned i = 0; i < t->n_ends; i++)
        if (t->ends[i] == id)
            return true;
    return false;
}

const char *mote_tokenizer_kind(const mote_tokenizer *t) {
    static const char *const names[] = {"bpe", "spm", "unigram", "wordpiece"};
    return names[t->model];
}

const char *mote_tokenizer_text(const mote_tokenizer *t, int32_t id) {
    return id >= 0 && (uint32_t)id < t->vocabulary.n_tokens ? mote_vocabulary_text(&t->vocabulary, (uint32_t)id).data : "";
}

mote_token_type mote_tokenizer_type(const mote_tokenizer *t, int32_t id) {
    return id >= 0 && (uint32_t)id < t->vocabulary.n_tokens ? t->vocabulary.types[id] : MOTE_TOKEN_UNUSED;
}

int32_t mote_tokenizer_find(const mote_tokenizer *t, mote_str text) {
    return mote_vocabulary_find(&t->vocabulary, text.data, text.len);
}
