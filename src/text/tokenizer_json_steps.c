/* What happens to a text before the model sees it: `normalizer` and `pre_tokenizer`. */
#include "text/tokenizer_json.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

#define META "\xe2\x96\x81"
static const mote_str nothing = {0};

static mote_status unsupported(const char *part, const mote_json *v, mote_error *err) {
    mote_str type = mote_json_string(mote_json_get(v, "type"));
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: %s '%.*s'", part, MOTE_STR_ARGS(type));
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Ends at the first character that is none of the alphabet (padding). */
static size_t base64_decode(mote_str s, uint8_t *out) {
    uint32_t bits = 0;
    size_t n = 0, n_bits = 0;
    for (size_t i = 0; i < s.len && base64_value(s.data[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_value(s.data[i]);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[n++] = (uint8_t)(bits >> n_bits);
        }
    }
    return n;
}

static mote_status add_charsmap(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    mote_str text = mote_json_string(mote_json_get(v, "precompiled_charsmap"));
    if (text.len == 0)
        return MOTE_OK;
    uint8_t *map = mote_mem_alloc(text.len);
    if (!map)
        return mote_error_alloc(err, text.len);
    size_t n = base64_decode(text, map);
    mote_status status = mote_charsmap_check(map, n, err);
    if (status == MOTE_OK)
        status = mote_tokenizer_add_step(t, MOTE_NORMALIZE_CHARSMAP, nothing, (mote_str){(char *)map, n}, err);
    mote_mem_free(map);
    return status;
}

static mote_status add_bert(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    bool lower = mote_json_bool(mote_json_get(v, "lowercase"), true), strip = mote_json_bool(mote_json_get(v, "strip_accents"), lower);
    const struct {
        mote_normalize_op op;
        bool wanted;
    } steps[] = {{MOTE_NORMALIZE_CLEAN, mote_json_bool(mote_json_get(v, "clean_text"), true)},
                 {MOTE_NORMALIZE_SPACE_HAN, mote_json_bool(mote_json_get(v, "handle_chinese_chars"), true)},
                 {MOTE_NORMALIZE_NFD, strip},
                 {MOTE_NORMALIZE_STRIP_ACCENTS, strip},
                 {MOTE_NORMALIZE_LOWERCASE, lower}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i].wanted)
            MOTE_TRY(mote_tokenizer_add_step(t, steps[i].op, nothing, nothing, err));
    return MOTE_OK;
}

static mote_status add_replace(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    const mote_json *pattern = mote_json_get(v, "pattern"), *literal = mote_json_get(pattern, "String"), *regex = mote_json_get(pattern, "Regex");
    mote_str content = mote_json_string(mote_json_get(v, "content"));
    if (mote_json_typeof(literal) == MOTE_JSON_STRING)
        return mote_tokenizer_add_step(t, MOTE_NORMALIZE_REPLACE, mote_json_string(literal), content, err);
    if (mote_json_typeof(regex) != MOTE_JSON_STRING)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tokenizer.json: normalizer Replace without a pattern");
    MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_REGEX, mote_json_string(regex), content, err));
    return mote_regex_compile(mote_json_string(regex), &t->steps[t->n_steps - 1].regex, err);
}

static mote_status add_strip(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_STRIP, nothing, nothing, err));
    t->steps[t->n_steps - 1].left = mote_json_bool(mote_json_get(v, "strip_left"), true);
    t->steps[t->n_steps - 1].right = mote_json_bool(mote_json_get(v, "strip_right"), true);
    return MOTE_OK;
}

static mote_status normalizer(mote_tokenizer *t, const mote_json *v, int depth, mote_error *err) {
    static const struct {
        const char *name;
        mote_normalize_op op;
    } simple[] = {{"NFC", MOTE_NORMALIZE_NFC},
                  {"NFD", MOTE_NORMALIZE_NFD},
                  {"NFKC", MOTE_NORMALIZE_NFKC},
                  {"NFKD", MOTE_NORMALIZE_NFKD},
                  {"Lowercase", MOTE_NORMALIZE_LOWERCASE},
                  {"StripAccents", MOTE_NORMALIZE_STRIP_MARKS}};
    if (mote_json_typeof(v) == MOTE_JSON_NULL)
        return MOTE_OK;
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; i++)
        if (mote_tokenizer_json_is(v, simple[i].name))
            return mote_tokenizer_add_step(t, simple[i].op, nothing, nothing, err);
    if (mote_tokenizer_json_is(v, "BertNormalizer"))
        return add_bert(t, v, err);
    if (mote_tokenizer_json_is(v, "Replace"))
        return add_replace(t, v, err);
    if (mote_tokenizer_json_is(v, "Prepend"))
        return mote_tokenizer_add_step(t, MOTE_NORMALIZE_PREPEND, nothing, mote_json_string(mote_json_get(v, "prepend")), err);
    if (mote_tokenizer_json_is(v, "Strip"))
        return add_strip(t, v, err);
    if (mote_tokenizer_json_is(v, "Precompiled"))
        return add_charsmap(t, v, err);
    if (!mote_tokenizer_json_is(v, "Sequence") || depth >= MOTE_TOKENIZER_JSON_DEPTH)
        return unsupported("normalizer", v, err);
    const mote_json *list = mote_json_get(v, "normalizers");
    for (size_t i = 0; i < mote_json_length(list); i++)
        MOTE_TRY(normalizer(t, mote_json_at(list, i), depth + 1, err));
    return MOTE_OK;
}

mote_status mote_tokenizer_json_normalizer(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    return normalizer(t, v, 0, err);
}

static mote_status add_stage(mote_tokenizer *t, mote_split split, mote_error *err) {
    if (t->pretokenizer.n_stages == MOTE_PRETOKENIZER_MAX_STAGES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "tokenizer.json: more than %d pre_tokenizers", MOTE_PRETOKENIZER_MAX_STAGES);
    if (t->n_word_steps)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: a pre_tokenizer behind Metaspace");
    t->pretokenizer.stages[t->pretokenizer.n_stages++] = split;
    return MOTE_OK;
}

static mote_status behavior_flags(const mote_json *v, unsigned *flags, mote_error *err) {
    static const struct {
        const char *name;
        unsigned flags;
    } known[] = {{"Isolated", 0}, {"Removed", MOTE_SPLIT_REMOVED}, {"MergedWithPrevious", MOTE_SPLIT_WITH_PREVIOUS}, {"MergedWithNext", MOTE_SPLIT_WITH_NEXT}};
    mote_str name = mote_json_string(mote_json_get(v, "behavior"));
    bool invert = mote_json_bool(mote_json_get(v, "invert"), false);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (mote_str_is(name, known[i].name) && (!invert || known[i].flags <= MOTE_SPLIT_REMOVED)) {
            *flags = known[i].flags | (invert ? MOTE_SPLIT_INVERT : 0);
            return MOTE_OK;
        }
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: pre_tokenizer behavior '%.*s'%s", MOTE_STR_ARGS(name), invert ? " inverted" : "");
}

static mote_status add_split(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    const mote_json *pattern = mote_json_get(v, "pattern"), *literal = mote_json_get(pattern, "String"), *regex = mote_json_get(pattern, "Regex");
    mote_split split = {0};
    unsigned flags = 0;
    MOTE_TRY(behavior_flags(v, &flags, err));
    mote_str text = mote_json_string(literal ? literal : regex);
    if (text.len == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tokenizer.json: pre_tokenizer Split without a pattern");
    bool covers = flags == 0 || flags == (MOTE_SPLIT_REMOVED | MOTE_SPLIT_INVERT);
    if (!literal && covers && mote_pretokenizer_known_pattern(text, &split) && (flags == 0 || split.kind <= MOTE_SPLIT_CASED))
        return add_stage(t, split, err);
    split = (mote_split){.kind = literal ? MOTE_SPLIT_LITERAL : MOTE_SPLIT_REGEX, .flags = flags, .pattern_len = text.len};
    MOTE_TRY(add_stage(t, split, err));
    mote_split *s = &t->pretokenizer.stages[t->pretokenizer.n_stages - 1];
    if (!literal)
        return mote_regex_compile(text, &s->regex, err);
    s->pattern = mote_mem_alloc(text.len);
    if (!s->pattern)
        return mote_error_alloc(err, text.len);
    memcpy(s->pattern, text.data, text.len);
    return MOTE_OK;
}

static mote_status add_byte_level(mote_tokenizer *t, const mote_json *v, bool *byte_level, mote_error *err) {
    *byte_level = true;
    if (mote_json_bool(mote_json_get(v, "add_prefix_space"), true)) {
        if (t->pretokenizer.n_stages)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: ByteLevel with add_prefix_space behind another pre_tokenizer");
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_PREPEND_NEW, nothing, MOTE_STR(" "), err));
    }
    return mote_json_bool(mote_json_get(v, "use_regex"), true) ? add_stage(t, (mote_split){.kind = MOTE_SPLIT_GPT2}, err) : MOTE_OK;
}

/* The two changes of Metaspace are made word by word, as steps of the words; made as normalizing steps they would come too early. */
static mote_status add_metaspace(mote_tokenizer *t, const mote_json *v, mote_error *err) {
    mote_str scheme = mote_json_string(mote_json_get(v, "prepend_scheme")), with = mote_json_string(mote_json_get(v, "replacement"));
    if (with.len && !mote_str_is(with, META))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: Metaspace with the replacement '%.*s'", MOTE_STR_ARGS(with));
    if (t->n_word_steps)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: Metaspace twice");
    bool never = scheme.len ? mote_str_is(scheme, "never") : !mote_json_bool(mote_json_get(v, "add_prefix_space"), true);
    unsigned before = t->n_steps;
    MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_REPLACE, MOTE_STR(" "), MOTE_STR(META), err));
    if (!never)
        MOTE_TRY(mote_tokenizer_add_step(t, mote_str_is(scheme, "first") ? MOTE_NORMALIZE_PREPEND_FIRST : MOTE_NORMALIZE_PREPEND_NEW, nothing, MOTE_STR(META), err));
    while (t->n_steps > before + t->n_word_steps) {
        t->word_steps[t->n_word_steps] = t->steps[before + t->n_word_steps];
        t->n_word_steps++;
    }
    memset(&t->steps[before], 0, t->n_word_steps * sizeof t->steps[0]);
    t->n_steps = before;
    t->split_words = mote_json_bool(mote_json_get(v, "split"), true);
    return MOTE_OK;
}

static mote_status pretokenizer(mote_tokenizer *t, const mote_json *v, bool *byte_level, int depth, mote_error *err) {
    if (mote_json_typeof(v) == MOTE_JSON_NULL)
        return MOTE_OK;
    if (mote_tokenizer_json_is(v, "ByteLevel"))
        return add_byte_level(t, v, byte_level, err);
    if (mote_tokenizer_json_is(v, "Split"))
        return add_split(t, v, err);
    if (mote_tokenizer_json_is(v, "Metaspace"))
        return add_metaspace(t, v, err);
    if (mote_tokenizer_json_is(v, "Digits"))
        return add_stage(t, (mote_split){.kind = MOTE_SPLIT_NUMBERS, .n_digits = mote_json_bool(mote_json_get(v, "individual_digits"), false)}, err);
    if (mote_tokenizer_json_is(v, "Whitespace"))
        return add_stage(t, (mote_split){.kind = MOTE_SPLIT_WORD_CHARS}, err);
    if (mote_tokenizer_json_is(v, "WhitespaceSplit"))
        return add_stage(t, (mote_split){.kind = MOTE_SPLIT_SPACE}, err);
    if (mote_tokenizer_json_is(v, "BertPreTokenizer"))
        return add_stage(t, (mote_split){.kind = MOTE_SPLIT_BERT}, err);
    if (mote_tokenizer_json_is(v, "Punctuation")) {
        const mote_json *behavior = mote_json_get(v, "behavior");
        if (behavior && !mote_str_is(mote_json_string(behavior), "Isolated"))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: Punctuation with behavior '%.*s'", MOTE_STR_ARGS(mote_json_string(behavior)));
        return add_stage(t, (mote_split){.kind = MOTE_SPLIT_PUNCTUATION}, err);
    }
    if (!mote_tokenizer_json_is(v, "Sequence") || depth >= MOTE_TOKENIZER_JSON_DEPTH)
        return unsupported("pre_tokenizer", v, err);
    const mote_json *list = mote_json_get(v, "pretokenizers");
    for (size_t i = 0; i < mote_json_length(list); i++)
        MOTE_TRY(pretokenizer(t, mote_json_at(list, i), byte_level, depth + 1, err));
    return MOTE_OK;
}

mote_status mote_tokenizer_json_pretokenizer(mote_tokenizer *t, const mote_json *v, bool *byte_level, mote_error *err) {
    *byte_level = false;
    return pretokenizer(t, v, byte_level, 0, err);
}
