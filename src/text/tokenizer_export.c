/* What a file can say of a tokenizer is less than tokenizer.json can: a splitter is a name of a known list, a normalizer hardly anything. What has no key and would change
 * ids is refused; normal forms of byte-level models are the exception, since no reader of GGUF applies them (but for the names that imply NFC).
 *
 * Spellings differ: WordPiece pieces that begin a word get U+2581 and the others lose "##"; added tokens that are shown hold spaces where the vocabulary has U+2581.
 * Scores of byte pairs learned by SentencePiece: its file has them; without it a merge's rank orders the tokens as the scores did, from which the merges were made. */
#include "text/tokenizer_export.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define KEY(name) "tokenizer.ggml." name
#define META "\xe2\x96\x81"

/* What llama.cpp's converter gives to added tokens and to ids without a token; neither is ever merged into. */
static const float added_score = -1000.0f, unused_score = -10000.0f;

enum { MAX_TEXT_BYTES = 1 << 30 };

typedef struct exporter {
    const mote_tokenizer *t;
    const char *folder;
    uint32_t n_vocab;
    mote_tokenizer *pieces; /* of tokenizer.model; NULL: none */
    mote_buffer texts;
    size_t *starts; /* [n + 1] into texts */
    mote_str *strings;
    mote_gguf_writer *w;
    mote_error *err;
} exporter;

static bool is_spm(const mote_tokenizer *t) {
    return t->model == MOTE_TOKENIZER_SPM || (t->model == MOTE_TOKENIZER_BPE && !t->bpe.bytes);
}

static bool begins(mote_str s, const char *head) {
    return mote_str_starts(s, mote_str_of(head));
}

/* Added tokens that checkpoints call ordinary, though a text never means them (as llama.cpp's converter decides). */
static bool looks_special(mote_str s) {
    return mote_str_is(s, "<pad>") || mote_str_is(s, "<mask>") || mote_str_is(s, "<2mass>") || mote_str_is(s, "[@BOS@]") || (begins(s, "<|") && mote_str_ends(s, MOTE_STR("|>"))) ||
           (begins(s, "<\xef\xbd\x9c") && mote_str_ends(s, MOTE_STR("\xef\xbd\x9c>"))) || (begins(s, "<unused") && mote_str_ends(s, MOTE_STR(">")));
}

static mote_token_type type_of(const exporter *e, uint32_t id) {
    const mote_vocabulary *v = &e->t->vocabulary;
    if (id >= v->n_tokens || mote_vocabulary_text(v, id).len == 0)
        return MOTE_TOKEN_UNUSED;
    mote_token_type type = v->types[id];
    if (e->t->model == MOTE_TOKENIZER_UNIGRAM && (int32_t)id == e->t->unknown)
        return MOTE_TOKEN_UNKNOWN;
    return type == MOTE_TOKEN_USER_DEFINED && looks_special(mote_vocabulary_text(v, id)) ? MOTE_TOKEN_CONTROL : type;
}

static mote_status append_spaced(mote_buffer *b, mote_str s) {
    for (size_t i = 0; i < s.len;) {
        bool meta = s.len - i >= 3 && memcmp(s.data + i, META, 3) == 0;
        MOTE_TRY(mote_buffer_append_char(b, meta ? ' ' : s.data[i]));
        i += meta ? 3 : 1;
    }
    return MOTE_OK;
}

static mote_status append_token(const exporter *e, uint32_t id, mote_buffer *b) {
    mote_token_type type = type_of(e, id);
    mote_str text = id < e->t->vocabulary.n_tokens ? mote_vocabulary_text(&e->t->vocabulary, id) : (mote_str){0};
    if (text.len == 0)
        return mote_buffer_appendf(b, "[PAD%u]", id);
    if (e->t->model == MOTE_TOKENIZER_WORDPIECE && type == MOTE_TOKEN_NORMAL) {
        const mote_wordpiece *p = &e->t->wordpiece;
        if (p->tail_len && mote_str_starts(text, (mote_str){p->tail, p->tail_len}))
            return mote_buffer_append(b, text.data + p->tail_len, text.len - p->tail_len);
        MOTE_TRY(mote_buffer_append_text(b, META));
    }
    return type == MOTE_TOKEN_USER_DEFINED ? append_spaced(b, text) : mote_buffer_append_str(b, text);
}

/* Makes e->strings of n texts that `append` writes one by one. */
static mote_status gather(exporter *e, uint32_t n, mote_status (*append)(const exporter *, uint32_t, mote_buffer *)) {
    mote_buffer_clear(&e->texts);
    mote_mem_free(e->starts);
    mote_mem_free(e->strings);
    e->starts = mote_mem_alloc_array((size_t)n + 1, sizeof *e->starts);
    e->strings = mote_mem_alloc_array((size_t)n + 1, sizeof *e->strings);
    if (!e->starts || !e->strings)
        return mote_error_alloc(e->err, n * sizeof *e->strings);
    for (uint32_t i = 0; i < n; i++) {
        e->starts[i] = e->texts.len;
        if (append(e, i, &e->texts) != MOTE_OK)
            return mote_error_alloc(e->err, e->texts.len);
    }
    e->starts[n] = e->texts.len;
    for (uint32_t i = 0; i < n; i++)
        e->strings[i] = (mote_str){e->texts.data + e->starts[i], e->starts[i + 1] - e->starts[i]};
    return MOTE_OK;
}

static mote_status write_tokens(exporter *e) {
    MOTE_TRY(gather(e, e->n_vocab, append_token));
    return mote_gguf_writer_strings(e->w, KEY("tokens"), e->strings, e->n_vocab, e->err);
}

static mote_status write_types(const exporter *e) {
    int32_t *types = mote_mem_alloc_array(e->n_vocab, sizeof *types);
    if (!types)
        return mote_error_alloc(e->err, e->n_vocab * sizeof *types);
    for (uint32_t id = 0; id < e->n_vocab; id++)
        types[id] = (int32_t)type_of(e, id);
    mote_status status = mote_gguf_writer_array(e->w, KEY("token_type"), MOTE_GGUF_I32, types, e->n_vocab, e->err);
    mote_mem_free(types);
    return status;
}

/* By the first rank at which a token is made. */
static void scores_of_merges(const mote_bpe *b, float *scores, uint32_t n) {
    for (uint32_t id = 0; id < n; id++)
        scores[id] = -(float)b->n_merges - 1;
    for (uint32_t rank = b->n_merges; rank-- > 0;) {
        int32_t id = b->merges[rank].result;
        if (id >= 0 && (uint32_t)id < n)
            scores[id] = -(float)rank;
    }
}

static void fill_scores(const exporter *e, float *scores) {
    const mote_vocabulary *v = &e->t->vocabulary, *p = e->pieces ? &e->pieces->vocabulary : NULL;
    uint32_t n = e->n_vocab < v->n_tokens ? e->n_vocab : v->n_tokens;
    if (!v->scores)
        scores_of_merges(&e->t->bpe, scores, n);
    for (uint32_t id = 0; id < e->n_vocab; id++) {
        mote_token_type type = type_of(e, id);
        if (v->scores && id < n)
            scores[id] = v->scores[id];
        else if (p && id < p->n_tokens && id < n && mote_str_equal(mote_vocabulary_text(v, id), mote_vocabulary_text(p, id)))
            scores[id] = p->scores[id];
        else if (id < n && type == MOTE_TOKEN_BYTE)
            scores[id] = 0;
        if (type == MOTE_TOKEN_UNUSED && id >= n)
            scores[id] = unused_score;
        else if (e->t->model != MOTE_TOKENIZER_UNIGRAM && (type == MOTE_TOKEN_CONTROL || type == MOTE_TOKEN_USER_DEFINED))
            scores[id] = added_score;
    }
}

static mote_status write_scores(const exporter *e) {
    float *scores = mote_mem_zalloc_array(e->n_vocab, sizeof *scores);
    if (!scores)
        return mote_error_alloc(e->err, e->n_vocab * sizeof *scores);
    fill_scores(e, scores);
    mote_status status = mote_gguf_writer_array(e->w, KEY("scores"), MOTE_GGUF_F32, scores, e->n_vocab, e->err);
    mote_mem_free(scores);
    return status;
}

static mote_status append_merge(const exporter *e, uint32_t rank, mote_buffer *b) {
    const mote_bpe_merge *m = &e->t->bpe.merges[rank];
    MOTE_TRY(mote_buffer_append_str(b, mote_vocabulary_text(&e->t->vocabulary, (uint32_t)m->left)));
    MOTE_TRY(mote_buffer_append_char(b, ' '));
    return mote_buffer_append_str(b, mote_vocabulary_text(&e->t->vocabulary, (uint32_t)m->right));
}

static mote_status write_merges(exporter *e) {
    MOTE_TRY(gather(e, e->t->bpe.n_merges, append_merge));
    return mote_gguf_writer_strings(e->w, KEY("merges"), e->strings, e->t->bpe.n_merges, e->err);
}

static mote_status unsupported_step(const exporter *e, const char *what) {
    return mote_error_set(e->err, MOTE_ERR_UNSUPPORTED, "the tokenizer's %s can't be said in a GGUF", what);
}

typedef struct step_list {
    bool nfc, prepends, appends, merges_spaces, lower, strips_accents;
    const mote_normalize_step *charsmap;
} step_list;

static bool read_step(const mote_normalize_step *s, step_list *list) {
    mote_str pattern = {s->pattern, s->pattern_len}, content = {s->content, s->content_len};
    bool spaces = mote_str_is(content, " ") || mote_str_is(content, META);
    switch (s->op) {
    case MOTE_NORMALIZE_NFC:
        list->nfc = true;
        return true;
    case MOTE_NORMALIZE_NFD:
    case MOTE_NORMALIZE_NFKC:
    case MOTE_NORMALIZE_NFKD:
    case MOTE_NORMALIZE_CLEAN:
    case MOTE_NORMALIZE_SPACE_HAN:
    case MOTE_NORMALIZE_STRIP:
        return true;
    case MOTE_NORMALIZE_LOWERCASE:
        list->lower = true;
        return true;
    case MOTE_NORMALIZE_STRIP_ACCENTS:
    case MOTE_NORMALIZE_STRIP_MARKS:
        list->strips_accents = true;
        return true;
    case MOTE_NORMALIZE_REPLACE:
        return mote_str_is(pattern, " ") && mote_str_is(content, META);
    case MOTE_NORMALIZE_PREPEND:
    case MOTE_NORMALIZE_PREPEND_NEW:
    case MOTE_NORMALIZE_PREPEND_FIRST:
        list->prepends = true;
        return spaces;
    case MOTE_NORMALIZE_APPEND:
        list->appends = true;
        return spaces;
    case MOTE_NORMALIZE_MERGE_SPACES:
        list->merges_spaces = true;
        return true;
    case MOTE_NORMALIZE_CHARSMAP:
        list->charsmap = s;
        return true;
    default: /* XLM-RoBERTa writes its merging of spaces as a pattern */
        list->merges_spaces = true;
        return s->op == MOTE_NORMALIZE_REGEX && mote_str_is(pattern, " {2,}") && (spaces || content.len == 0);
    }
}

static mote_status read_steps(const exporter *e, step_list *list) {
    for (unsigned i = 0; i < e->t->n_steps; i++)
        if (!read_step(&e->t->steps[i], list))
            return unsupported_step(e, "normalizer (a replacement)");
    for (unsigned i = 0; i < e->t->n_word_steps; i++)
        if (!read_step(&e->t->word_steps[i], list))
            return unsupported_step(e, "Metaspace");
    bool words = e->t->model == MOTE_TOKENIZER_WORDPIECE;
    if (!words && (list->lower || list->strips_accents))
        return unsupported_step(e, "normalizer (lower case or accents)");
    return MOTE_OK;
}

static mote_status write_model(const exporter *e, const char *model, const char *pre) {
    MOTE_TRY(mote_gguf_writer_string(e->w, KEY("model"), mote_str_of(model), e->err));
    return mote_gguf_writer_string(e->w, KEY("pre"), mote_str_of(pre), e->err);
}

static mote_status export_byte_pairs(exporter *e, const step_list *steps) {
    const char *pre = mote_pretokenizer_name_of(&e->t->pretokenizer, e->t->bpe.whole_words, steps->nfc);
    if (!pre || e->t->n_word_steps)
        return unsupported_step(e, "pre_tokenizer");
    MOTE_TRY(write_model(e, "gpt2", pre));
    MOTE_TRY(write_tokens(e));
    MOTE_TRY(write_types(e));
    MOTE_TRY(write_merges(e));
    return steps->prepends ? mote_gguf_writer_bool(e->w, KEY("add_space_prefix"), true, e->err) : MOTE_OK;
}

/* Whether the stages leave a text whole that has U+2581 for its spaces. */
static bool splits_nothing(const mote_pretokenizer *p) {
    for (unsigned i = 0; i < p->n_stages; i++)
        if (p->stages[i].kind != MOTE_SPLIT_LITERAL || p->stages[i].pattern_len != 1 || p->stages[i].pattern[0] != ' ')
            return false;
    return true;
}

static mote_status write_charsmap(const exporter *e, const step_list *steps) {
    if (!steps->charsmap)
        return MOTE_OK;
    return mote_gguf_writer_array(e->w, KEY("precompiled_charsmap"), MOTE_GGUF_U8, steps->charsmap->content, steps->charsmap->content_len, e->err);
}

static mote_status export_pieces(exporter *e, const step_list *steps) {
    if (e->t->model == MOTE_TOKENIZER_BPE && !splits_nothing(&e->t->pretokenizer))
        return unsupported_step(e, "pre_tokenizer");
    MOTE_TRY(write_model(e, "llama", "default"));
    MOTE_TRY(write_tokens(e));
    MOTE_TRY(write_scores(e));
    MOTE_TRY(write_types(e));
    MOTE_TRY(write_charsmap(e, steps));
    return steps->prepends ? MOTE_OK : mote_gguf_writer_bool(e->w, KEY("add_space_prefix"), false, e->err);
}

static mote_status export_unigram(exporter *e, const step_list *steps) {
    MOTE_TRY(write_model(e, "t5", "default"));
    MOTE_TRY(write_tokens(e));
    MOTE_TRY(write_scores(e));
    MOTE_TRY(write_types(e));
    MOTE_TRY(write_charsmap(e, steps));
    MOTE_TRY(mote_gguf_writer_bool(e->w, KEY("add_space_prefix"), steps->prepends || steps->appends, e->err));
    MOTE_TRY(mote_gguf_writer_bool(e->w, KEY("remove_extra_whitespaces"), steps->merges_spaces, e->err));
    return steps->appends ? mote_gguf_writer_bool(e->w, KEY("treat_whitespace_as_suffix"), true, e->err) : MOTE_OK;
}

static mote_status export_wordpiece(exporter *e, const step_list *steps) {
    const mote_pretokenizer *p = &e->t->pretokenizer;
    if (p->n_stages != 1 || p->stages[0].kind != MOTE_SPLIT_BERT)
        return unsupported_step(e, "pre_tokenizer");
    MOTE_TRY(write_model(e, "bert", "default"));
    MOTE_TRY(write_tokens(e));
    MOTE_TRY(write_types(e));
    MOTE_TRY(mote_gguf_writer_bool(e->w, KEY("normalizer.lowercase"), steps->lower, e->err));
    return mote_gguf_writer_bool(e->w, KEY("normalizer.strip_accents"), steps->strips_accents, e->err);
}

static mote_status write_id(const exporter *e, const char *key, int32_t id) {
    return id >= 0 && (uint32_t)id < e->n_vocab ? mote_gguf_writer_u32(e->w, key, (uint32_t)id, e->err) : MOTE_OK;
}

/* Tokens at which generation ends and that no reader would find by their text: the end of turn, then of message. */
static mote_status write_ends(const exporter *e, int32_t eos) {
    const mote_tokenizer *t = e->t;
    int32_t turn = t->eot != eos ? t->eot : -1, message = t->eom;
    for (unsigned i = 0; i < t->n_ends; i++) {
        int32_t id = t->ends[i];
        if (id == eos || id == turn || id == message || mote_tokenizer_is_known_end(t, id))
            continue;
        if (turn < 0)
            turn = id;
        else if (message < 0)
            message = id;
    }
    if (turn != t->eot)
        MOTE_TRY(write_id(e, KEY("eot_token_id"), turn));
    return message != t->eom ? write_id(e, KEY("eom_token_id"), message) : MOTE_OK;
}

static mote_status write_roles(const exporter *e) {
    const mote_tokenizer *t = e->t;
    mote_tokenizer_roles roles;
    MOTE_TRY(mote_tokenizer_folder_roles(t, e->folder, &roles, e->err));
    bool words = t->model == MOTE_TOKENIZER_WORDPIECE;
    int32_t bos = t->n_before ? t->before[0] : t->bos, eos = t->eos;
    if (t->n_before > 1 || t->n_after > 1)
        return unsupported_step(e, "more than one token before or after a text");
    if (t->n_after && (eos < 0 || !words))
        eos = t->after[0];
    bos = bos < 0 ? roles.bos : bos;
    eos = eos >= 0 ? eos : words ? roles.sep : roles.eos;
    MOTE_TRY(write_id(e, KEY("bos_token_id"), bos));
    MOTE_TRY(write_id(e, KEY("eos_token_id"), eos));
    MOTE_TRY(write_id(e, KEY("unknown_token_id"), t->unknown));
    MOTE_TRY(write_id(e, KEY("seperator_token_id"), roles.sep)); /* spelled so in the format */
    MOTE_TRY(write_id(e, KEY("padding_token_id"), roles.pad));
    MOTE_TRY(write_id(e, KEY("cls_token_id"), roles.cls));
    MOTE_TRY(write_id(e, KEY("mask_token_id"), roles.mask));
    MOTE_TRY(write_ends(e, eos));
    if (t->n_between > 0) /* two of them between the texts of a pair, as RoBERTa has */
        MOTE_TRY(mote_gguf_writer_bool(e->w, KEY("add_sep_token"), t->n_between > 1, e->err));
    MOTE_TRY(mote_gguf_writer_bool(e->w, KEY("add_bos_token"), t->n_before > 0, e->err));
    return mote_gguf_writer_bool(e->w, KEY("add_eos_token"), t->n_after > 0, e->err);
}

bool mote_tokenizer_swallows_space(const mote_tokenizer *t, bool *can_be_named) {
    static const char *const known[] = {"</s>", "<unk>", "<s>", "<|endoftext|>"};
    bool swallows = false;
    *can_be_named = true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        *can_be_named = *can_be_named && mote_tokenizer_find(t, mote_str_of(known[i])) >= 0;
    for (uint32_t id = 0; t->added_flags && id < t->vocabulary.n_tokens; id++)
        swallows = swallows || (t->added_flags[id] & MOTE_ADDED_RSTRIP && t->vocabulary.types[id] == MOTE_TOKEN_CONTROL);
    *can_be_named = *can_be_named && swallows;
    return swallows;
}

/* tokenizer.model beside a tokenizer.json of the same tokens. */
static mote_status open_pieces(exporter *e) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/tokenizer.model", e->folder) >= (int)sizeof path)
        return mote_error_set(e->err, MOTE_ERR_ARGUMENT, "the folder's path is too long");
    if (e->t->model != MOTE_TOKENIZER_BPE || e->t->bpe.bytes || !mote_file_exists(path))
        return MOTE_OK;
    MOTE_TRY(mote_tokenizer_create(&e->pieces, e->err));
    return mote_sentencepiece_load(path, e->pieces, e->err);
}

mote_status mote_tokenizer_export(const mote_tokenizer *t, const char *folder, uint32_t n_vocab, mote_gguf_writer *w, mote_error *err) {
    exporter e = {.t = t, .folder = folder, .n_vocab = n_vocab, .w = w, .err = err};
    step_list steps = {0};
    mote_status status;
    mote_buffer_init(&e.texts, MAX_TEXT_BYTES);
    MOTE_TRY_DONE(open_pieces(&e));
    MOTE_TRY_DONE(read_steps(&e, &steps));
    if (is_spm(t))
        status = export_pieces(&e, &steps);
    else if (t->model == MOTE_TOKENIZER_BPE)
        status = export_byte_pairs(&e, &steps);
    else
        status = t->model == MOTE_TOKENIZER_UNIGRAM ? export_unigram(&e, &steps) : export_wordpiece(&e, &steps);
    if (status == MOTE_OK)
        status = write_roles(&e);
done:
    mote_tokenizer_free(&e.pieces);
    mote_buffer_deinit(&e.texts);
    mote_mem_free(e.starts);
    mote_mem_free(e.strings);
    return status;
}
