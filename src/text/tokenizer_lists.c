/* The files tokenizers had before tokenizer.json: vocab.json (text to id) with merges.txt (two pieces a line, by rank) for byte-level BPE, vocab.txt (a piece a line, in order
 * of ids) for WordPiece. They say nothing of splitting and normalizing; the tokenizer's class does, and of those the published ones are known here. What comes out is the
 * tokenizer.json that transformers would make of them. */
#include "text/tokenizer_json.h"

#include "base/error.h"
#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MAX_FILE_BYTES = 64 << 20 /* the largest published merges.txt has 5 MB */ };

typedef struct maker {
    const char *folder;
    const mote_json *tokenizer_config, *map, *config;
    mote_json *document, *added_tokens, *usual; /* usual: roles where no file tells them */
    const mote_json *vocab;                     /* text to id, of document */
    mote_buffer lines, out;
    mote_error *err;
} maker;

#define QWEN2_PATTERN \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"

/* What a class of tokenizers implies. */
static const struct {
    const char *class, *model_type, *parts;
} classes[] = {
    {"GPT2Tokenizer", "gpt2", "\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"decoder\":{\"type\":\"ByteLevel\"}"},
    {"Qwen2Tokenizer", "qwen2",
     "\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" QWEN2_PATTERN
     "\"},\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]},\"decoder\":{\"type\":\"ByteLevel\"}"},
    {"Qwen2Tokenizer", "qwen3", NULL},
    {"Qwen2Tokenizer", "qwen2_moe", NULL},
    {"Qwen2Tokenizer", "qwen3_moe", NULL},
};
enum { N_CLASSES = sizeof classes / sizeof classes[0] };

static mote_status append(maker *m, const char *text) {
    return mote_buffer_append_text(&m->out, text) == MOTE_OK ? MOTE_OK : mote_error_alloc(m->err, m->out.len);
}

static mote_status append_string(maker *m, mote_str s) {
    return mote_json_write_string(&m->out, s) == MOTE_OK ? MOTE_OK : mote_error_alloc(m->err, m->out.len);
}

static mote_status append_number(maker *m, int64_t x) {
    return mote_buffer_appendf(&m->out, "%lld", (long long)x) == MOTE_OK ? MOTE_OK : mote_error_alloc(m->err, m->out.len);
}

static mote_status read_file(maker *m, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", m->folder, name);
    mote_buffer_clear(&m->lines);
    return mote_file_read(path, &m->lines, m->err);
}

static mote_status read_json(maker *m, const char *name, bool required, mote_json **root) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", m->folder, name);
    return required || mote_file_exists(path) ? mote_json_read(path, root, m->err) : MOTE_OK;
}

/* The next line without its end; false at the end of the file. */
static bool next_line(mote_str *rest, mote_str *line) {
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t n = end ? (size_t)(end - rest->data) : rest->len, used = end ? n + 1 : n;
    *line = (mote_str){rest->data, n && rest->data[n - 1] == '\r' ? n - 1 : n};
    *rest = (mote_str){rest->data + used, rest->len - used};
    return true;
}

static mote_status append_merges(maker *m) {
    MOTE_TRY(read_file(m, "merges.txt"));
    mote_str rest = mote_buffer_str(&m->lines), line;
    const char *comma = "";
    MOTE_TRY(append(m, "\"merges\":["));
    while (next_line(&rest, &line)) {
        if (line.len == 0 || mote_str_starts(line, MOTE_STR("#version")))
            continue;
        MOTE_TRY(append(m, comma));
        MOTE_TRY(append_string(m, line));
        comma = ",";
    }
    return append(m, "]");
}

static mote_status append_pieces(maker *m) {
    MOTE_TRY(read_file(m, "vocab.txt"));
    mote_str rest = mote_buffer_str(&m->lines), line;
    MOTE_TRY(append(m, "\"vocab\":{"));
    for (int64_t id = 0; next_line(&rest, &line); id++) {
        MOTE_TRY(append(m, id ? "," : ""));
        MOTE_TRY(append_string(m, line));
        MOTE_TRY(append(m, ":"));
        MOTE_TRY(append_number(m, id));
    }
    return append(m, "}");
}

static mote_status append_added(maker *m, mote_str text, int64_t id, const mote_json *flags, bool special, const char **comma) {
    static const char *const names[] = {"lstrip", "rstrip", "normalized", "single_word"};
    MOTE_TRY(append(m, *comma));
    *comma = ",";
    MOTE_TRY(append(m, "{\"content\":"));
    MOTE_TRY(append_string(m, text));
    MOTE_TRY(append(m, ",\"id\":"));
    MOTE_TRY(append_number(m, id));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const mote_json *flag = mote_json_get(flags, names[i]);
        if (!flag)
            continue;
        MOTE_TRY(append(m, ",\""));
        MOTE_TRY(append(m, names[i]));
        MOTE_TRY(append(m, mote_json_bool(flag, false) ? "\":true" : "\":false"));
    }
    return append(m, special ? ",\"special\":true}" : ",\"special\":false}");
}

static mote_str content_of(const mote_json *v) {
    return mote_json_string(mote_json_typeof(v) == MOTE_JSON_OBJECT ? mote_json_get(v, "content") : v);
}

/* A token that has a role, by its text: it is special, wherever its id comes from. */
static mote_status append_role(maker *m, const mote_json *v, const char **comma) {
    char key[256];
    mote_str text = content_of(v);
    if (text.len == 0 || text.len >= sizeof key || memchr(text.data, 0, text.len))
        return MOTE_OK;
    memcpy(key, text.data, text.len);
    key[text.len] = '\0';
    int64_t id = mote_json_integer(mote_json_get(m->vocab, key), -1);
    if (id < 0)
        id = mote_json_integer(mote_json_get(m->added_tokens, key), -1);
    return id >= 0 ? append_added(m, text, id, mote_json_typeof(v) == MOTE_JSON_OBJECT ? v : NULL, true, comma) : MOTE_OK;
}

static mote_status append_roles(maker *m, const mote_json *from, const char **comma) {
    static const char *const roles[] = {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        MOTE_TRY(append_role(m, mote_json_get(from, roles[i]), comma));
    const mote_json *more = mote_json_get(from, "additional_special_tokens");
    for (size_t i = 0; mote_json_typeof(more) == MOTE_JSON_ARRAY && i < mote_json_length(more); i++)
        MOTE_TRY(append_role(m, mote_json_at(more, i), comma));
    return MOTE_OK;
}

/* An id as the key of an object; -1: it is none. */
static int64_t number_of(mote_str key) {
    int64_t id = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] < '0' || key.data[i] > '9' || id > INT32_MAX)
            return -1;
        id = 10 * id + (key.data[i] - '0');
    }
    return key.len ? id : -1;
}

/* Ordinary ones first: an entry later in the list has the last word on its id. */
static mote_status append_all_added(maker *m) {
    const char *comma = "";
    MOTE_TRY(append(m, ",\"added_tokens\":["));
    for (mote_json_iter *it = mote_json_first(m->added_tokens); it; it = mote_json_next(m->added_tokens, it))
        MOTE_TRY(append_added(m, mote_json_iter_key(it), mote_json_integer(mote_json_iter_value(it), -1), NULL, false, &comma));
    MOTE_TRY(append_roles(m, m->map, &comma));
    MOTE_TRY(append_roles(m, m->tokenizer_config, &comma));
    const mote_json *decoder = mote_json_get(m->tokenizer_config, "added_tokens_decoder");
    for (mote_json_iter *it = mote_json_first(decoder); it; it = mote_json_next(decoder, it)) {
        const mote_json *v = mote_json_iter_value(it);
        MOTE_TRY(append_added(m, content_of(v), number_of(mote_json_iter_key(it)), v, mote_json_bool(mote_json_get(v, "special"), false), &comma));
    }
    return append(m, "]");
}

static mote_status find_class(const maker *m, const char **parts) {
    const char *class = mote_json_text(mote_json_get(m->tokenizer_config, "tokenizer_class")), *type = mote_json_text(mote_json_get(m->config, "model_type"));
    char plain[64] = "";
    if (class) {
        snprintf(plain, sizeof plain, "%s", class);
        size_t n = strlen(plain);
        if (n > 4 && strcmp(plain + n - 4, "Fast") == 0)
            plain[n - 4] = '\0';
    }
    const char *found = class ? plain : NULL;
    for (size_t i = 0; !found && type && i < N_CLASSES; i++)
        if (strcmp(classes[i].model_type, type) == 0)
            found = classes[i].class;
    for (size_t i = 0; found && i < N_CLASSES; i++)
        if (strcmp(classes[i].class, found) == 0) {
            *parts = classes[i].parts;
            return MOTE_OK;
        }
    return mote_error_set(m->err, MOTE_ERR_UNSUPPORTED, "vocab.json without tokenizer.json: how tokenizer class '%s' splits text is not known", found ? found : type ? type : "");
}

static mote_status make_byte_pairs(maker *m) {
    const char *parts = NULL;
    MOTE_TRY(find_class(m, &parts));
    MOTE_TRY(read_json(m, "vocab.json", true, &m->document));
    m->vocab = m->document;
    MOTE_TRY(append(m, "{\"model\":{\"type\":\"BPE\",\"vocab\":"));
    if (mote_json_write(&m->out, m->vocab) != MOTE_OK)
        return mote_error_alloc(m->err, m->out.len);
    MOTE_TRY(append(m, ","));
    MOTE_TRY(append_merges(m));
    MOTE_TRY(append(m, "},"));
    MOTE_TRY(append(m, parts));
    MOTE_TRY(append_all_added(m));
    return append(m, "}");
}

static const char *said(const maker *m, const char *key, bool otherwise) {
    return mote_json_bool(mote_json_get(m->tokenizer_config, key), otherwise) ? "true" : "false";
}

static mote_status append_around(maker *m, const char *name, const char *config_key, const char *usual) {
    mote_str text = content_of(mote_json_get(m->tokenizer_config, config_key));
    text = text.len ? text : mote_str_of(usual);
    MOTE_TRY(append(m, name));
    MOTE_TRY(append_string(m, text));
    MOTE_TRY(append(m, ","));
    char key[64];
    snprintf(key, sizeof key, "%.*s", text.len < sizeof key ? (int)text.len : 0, text.data);
    MOTE_TRY(append_number(m, mote_json_integer(mote_json_get(m->vocab, key), -1)));
    return append(m, "]");
}

/* Roles need ids by text, so the pieces are parsed before they are written. */
static mote_status parse_pieces(maker *m) {
    static const char usual[] = "{\"unk_token\":\"[UNK]\",\"sep_token\":\"[SEP]\",\"pad_token\":\"[PAD]\",\"cls_token\":\"[CLS]\",\"mask_token\":\"[MASK]\"}";
    MOTE_TRY(append(m, "{"));
    MOTE_TRY(append_pieces(m));
    MOTE_TRY(append(m, "}"));
    MOTE_TRY(mote_json_parse(m->out.data, m->out.len, &m->document, m->err));
    mote_buffer_clear(&m->out);
    m->vocab = mote_json_get(m->document, "vocab");
    if (m->map || m->tokenizer_config)
        return MOTE_OK;
    MOTE_TRY(mote_json_parse(usual, sizeof usual - 1, &m->usual, m->err));
    m->map = m->usual;
    return MOTE_OK;
}

static mote_status append_normalizer(maker *m) {
    const mote_json *strip = mote_json_get(m->tokenizer_config, "strip_accents");
    MOTE_TRY(append(m, ",\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":"));
    MOTE_TRY(append(m, said(m, "do_lower_case", true)));
    MOTE_TRY(append(m, ",\"handle_chinese_chars\":"));
    MOTE_TRY(append(m, said(m, "tokenize_chinese_chars", true)));
    if (mote_json_typeof(strip) == MOTE_JSON_TRUE || mote_json_typeof(strip) == MOTE_JSON_FALSE) {
        MOTE_TRY(append(m, ",\"strip_accents\":"));
        MOTE_TRY(append(m, said(m, "strip_accents", true)));
    }
    return append(m, "}");
}

static mote_status make_wordpiece(maker *m) {
    MOTE_TRY(parse_pieces(m));
    mote_str unknown = content_of(mote_json_get(m->tokenizer_config, "unk_token"));
    MOTE_TRY(append(m, "{\"model\":{\"type\":\"WordPiece\",\"unk_token\":"));
    MOTE_TRY(append_string(m, unknown.len ? unknown : MOTE_STR("[UNK]")));
    MOTE_TRY(append(m, ",\"vocab\":"));
    if (mote_json_write(&m->out, m->vocab) != MOTE_OK)
        return mote_error_alloc(m->err, m->out.len);
    MOTE_TRY(append(m, "}"));
    MOTE_TRY(append_normalizer(m));
    MOTE_TRY(append(m, ",\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"decoder\":{\"type\":\"WordPiece\"},\"post_processor\":{\"type\":\"BertProcessing\""));
    MOTE_TRY(append_around(m, ",\"cls\":[", "cls_token", "[CLS]"));
    MOTE_TRY(append_around(m, ",\"sep\":[", "sep_token", "[SEP]"));
    MOTE_TRY(append(m, "}"));
    MOTE_TRY(append_all_added(m));
    return append(m, "}");
}

mote_status mote_tokenizer_lists_read(const char *folder, const mote_json *tokenizer_config, const mote_json *special_tokens_map, const mote_json *config, bool wordpiece,
                                      mote_json **root, mote_error *err) {
    maker m = {.folder = folder, .tokenizer_config = tokenizer_config, .map = special_tokens_map, .config = config, .err = err};
    mote_status status;
    *root = NULL;
    mote_buffer_init(&m.lines, MAX_FILE_BYTES);
    mote_buffer_init(&m.out, 4 * (size_t)MAX_FILE_BYTES);
    MOTE_TRY_DONE(read_json(&m, "added_tokens.json", false, &m.added_tokens));
    MOTE_TRY_DONE(wordpiece ? make_wordpiece(&m) : make_byte_pairs(&m));
    status = mote_json_parse(m.out.data, m.out.len, root, err);
done:
    mote_buffer_deinit(&m.lines);
    mote_buffer_deinit(&m.out);
    mote_json_free(&m.document);
    mote_json_free(&m.usual);
    mote_json_free(&m.added_tokens);
    return status;
}
