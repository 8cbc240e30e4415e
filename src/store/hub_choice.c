/* Quants are found in file names as people write them: Base-Size-Q4_K_M.gguf, base.Q8_0.gguf, UD-Q4_K_XL, parts as -00001-of-00003. */
#include "store/hub_choice.h"

#include "base/error.h"
#include "base/mem.h"

#include <fnmatch.h>
#include <stdio.h>
#include <strings.h>

enum { MAX_PARTS = 1000, MAX_NAMED = 8 /* quants that a message lists */ };

/* What a folder's model is made of, besides weights; all else in a repository (logs, pictures, other formats) stays there. */
static const char *const companions[] = {"config.json",
                                         "config_*.json",
                                         "generation_config.json",
                                         "tokenizer*.json",
                                         "tokenizer*.model",
                                         "*.jinja",
                                         "spiece.model",
                                         "special_tokens_map.json",
                                         "added_tokens.json",
                                         "chat_template*.json",
                                         "vocab.json",
                                         "vocab.txt",
                                         "merges.txt",
                                         "modules.json",
                                         "sentence_*_config.json",
                                         "quant*_config.json",
                                         "adapter_config.json",
                                         "*.safetensors.index.json"};

typedef struct gguf_name {
    mote_str stem;        /* the file's name without folder, part and ".gguf" */
    unsigned part, parts; /* 1 of 1 where it isn't split */
} gguf_name;

static mote_str base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return mote_str_of(slash ? slash + 1 : path);
}

static bool is_gguf(const char *path, gguf_name *g) {
    mote_str s = base_of(path);
    if (s.len <= 5 || strncasecmp(s.data + s.len - 5, ".gguf", 5) != 0)
        return false;
    s.len -= 5;
    *g = (gguf_name){s, 1, 1};
    unsigned part, parts;
    int end = 0;
    const char *tail = s.len > 15 ? s.data + s.len - 15 : NULL; /* -00001-of-00003 */
    if (tail && sscanf(tail, "-%5u-of-%5u%n", &part, &parts, &end) == 2 && end == 15 && part >= 1 && part <= parts && parts <= MAX_PARTS)
        *g = (gguf_name){{s.data, s.len - 15}, part, parts};
    /* Projectors and importance matrices go with a model; they are none. */
    return strncasecmp(s.data, "mmproj", 6) != 0 && strncasecmp(s.data, "imatrix", 7) != 0 && g->stem.len > 0;
}

static bool is_quant(mote_str word) {
    static const char *const heads[] = {"q1", "q2", "q3", "q4", "q5", "q6", "q8", "iq1", "iq2", "iq3", "iq4", "tq1", "tq2", "f16", "f32", "bf16", "fp16", "fp32", "mxfp4", "nvfp4"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t n = strlen(heads[i]);
        if (word.len >= n && strncasecmp(word.data, heads[i], n) == 0 && (word.len == n || word.data[n] == '_'))
            return true;
    }
    return false;
}

/* Whether the stem carries the quant: as a word, that is neither a letter, digit nor '_' behind it, and no letter or digit before. Behind a '_'
 * only what is a quant by itself: base_Q8_0 carries Q8_0, Q4_K_M doesn't carry M. */
static bool carries(mote_str stem, const char *quant) {
    size_t n = strlen(quant);
    const char *before = is_quant(mote_str_of(quant)) ? "-._" : "-.";
    if (stem.len == n && strncasecmp(stem.data, quant, n) == 0)
        return true;
    for (size_t i = 1; n > 0 && i + n <= stem.len; i++) {
        char after = i + n < stem.len ? stem.data[i + n] : '.';
        if (strchr(before, stem.data[i - 1]) && strchr("-.", after) && strncasecmp(stem.data + i, quant, n) == 0)
            return true;
    }
    return false;
}

/* The last word behind '-', '.' or '_' that looks like a quant; otherwise the whole stem names the file. */
static mote_str quant_of(mote_str stem) {
    size_t end = stem.len;
    for (size_t i = stem.len; i-- > 0;) {
        if (!strchr("-._", stem.data[i]) && i > 0)
            continue;
        size_t start = i > 0 ? i + 1 : 0;
        mote_str word = {stem.data + start, end - start};
        if (is_quant(word)) {
            bool is_dynamic = start >= 4 && strncasecmp(word.data - 3, "ud-", 3) == 0; /* a kind of its own: UD-Q4_K_XL */
            return is_dynamic ? (mote_str){word.data - 3, word.len + 3} : word;
        }
        if (stem.data[i] != '_') /* a quant has some of its own */
            end = i;
    }
    return stem;
}

void mote_hub_choice_free(mote_hub_choice *choice) {
    mote_mem_free(choice->files);
    *choice = (mote_hub_choice){.files = NULL};
}

/* The same file but for its part. */
static bool is_sibling(const char *path, const char *other) {
    gguf_name a, b;
    if (!is_gguf(path, &a) || !is_gguf(other, &b) || a.parts != b.parts)
        return false;
    size_t n = (size_t)(a.stem.data - path) + a.stem.len;
    return (size_t)(b.stem.data - other) + b.stem.len == n && memcmp(path, other, n) == 0;
}

/* The GGUF that carries the quant, the shortest name first, then by the alphabet; listing->n if none does. */
static size_t find_quant(const mote_hub_listing *listing, const char *quant) {
    size_t best = listing->n;
    for (size_t i = 0; i < listing->n; i++) {
        gguf_name g;
        const char *path = listing->files[i].path;
        if (!is_gguf(path, &g) || g.part != 1 || !carries(g.stem, quant))
            continue;
        const char *other = best < listing->n ? listing->files[best].path : NULL;
        if (!other || strlen(path) < strlen(other) || (strlen(path) == strlen(other) && strcmp(path, other) < 0))
            best = i;
    }
    return best;
}

/* The quant where it leads to this file again, otherwise the file's name. */
static void set_quant(const mote_hub_listing *listing, size_t which, mote_str stem, mote_hub_choice *choice) {
    mote_str words[2] = {quant_of(stem), stem};
    for (int i = 0; i < 2; i++)
        if (words[i].len <= MOTE_HUB_QUANT_MAX) {
            snprintf(choice->quant, sizeof choice->quant, "%.*s", (int)words[i].len, words[i].data);
            for (char *c = choice->quant; *c && i == 0 && words[0].len < stem.len; c++) /* quants are known in capitals; any case finds them */
                *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
            if (find_quant(listing, choice->quant) == which)
                return;
        }
}

static mote_status choose_gguf(const mote_hub_listing *listing, size_t which, mote_hub_choice *choice, mote_error *err) {
    gguf_name g, other;
    const char *path = listing->files[which].path;
    if (!is_gguf(path, &g))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: not a GGUF", path);
    choice->files = mote_mem_alloc_array(g.parts, sizeof *choice->files);
    if (!choice->files)
        return mote_error_alloc(err, g.parts * sizeof *choice->files);
    choice->n = g.parts;
    for (unsigned part = 0; part < g.parts; part++) {
        size_t i = 0;
        while (i < listing->n && !(is_sibling(path, listing->files[i].path) && is_gguf(listing->files[i].path, &other) && other.part == part + 1))
            i++;
        if (i == listing->n) {
            mote_hub_choice_free(choice);
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s: part %u of %u is missing", path, part + 1, g.parts);
        }
        choice->files[part] = i;
    }
    set_quant(listing, which, g.stem, choice);
    return MOTE_OK;
}

static bool has_file(const mote_hub_listing *listing, const char *path) {
    for (size_t i = 0; i < listing->n; i++)
        if (strcmp(listing->files[i].path, path) == 0)
            return true;
    return false;
}

static bool is_folder_file(const mote_hub_listing *listing, const char *path) {
    const char *slash = strchr(path, '/');
    mote_str base = base_of(path);
    /* Beside the model itself only the numbered stages of a sentence encoder: 1_Pooling, 2_Dense. */
    if (slash && (strchr(slash + 1, '/') || fnmatch("[0-9]_*", path, 0) != 0))
        return false;
    if (slash)
        return mote_str_is(base, "config.json") || mote_str_is(base, "model.safetensors");
    if (mote_str_ends(base, MOTE_STR(".safetensors"))) {
        if (mote_str_starts(base, MOTE_STR("adapter_model")) || mote_str_is(base, "model.safetensors"))
            return true;
        /* The same weights are often there again in another cut or precision. */
        if (has_file(listing, "model.safetensors"))
            return false;
        return !has_file(listing, "model.safetensors.index.json") || mote_str_starts(base, MOTE_STR("model"));
    }
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++)
        if (fnmatch(companions[i], path, 0) == 0)
            return true;
    return false;
}

static bool is_config(const char *path) {
    return strcmp(path, "config.json") == 0 || strcmp(path, "adapter_config.json") == 0;
}

static bool has_folder(const mote_hub_listing *listing) {
    bool has_config = has_file(listing, "config.json") || has_file(listing, "adapter_config.json");
    for (size_t i = 0; has_config && i < listing->n; i++)
        if (!strchr(listing->files[i].path, '/') && mote_str_ends(mote_str_of(listing->files[i].path), MOTE_STR(".safetensors")))
            return true;
    return false;
}

static mote_status choose_folder(const mote_hub_listing *listing, mote_hub_choice *choice, mote_error *err) {
    choice->files = mote_mem_alloc_array(listing->n, sizeof *choice->files);
    if (!choice->files)
        return mote_error_alloc(err, listing->n * sizeof *choice->files);
    choice->is_folder = true;
    for (int configs = 0; configs < 2; configs++)
        for (size_t i = 0; i < listing->n; i++)
            if (is_folder_file(listing, listing->files[i].path) && is_config(listing->files[i].path) == (configs == 1))
                choice->files[choice->n++] = i;
    gguf_name g;
    for (size_t i = 0; i < listing->n; i++)
        if (is_gguf(listing->files[i].path, &g))
            strcpy(choice->quant, "safetensors"); /* told apart from the GGUFs beside it */
    return MOTE_OK;
}

static size_t find_only(const mote_hub_listing *listing) {
    size_t found = listing->n;
    for (size_t i = 0; i < listing->n; i++) {
        gguf_name g;
        if (!is_gguf(listing->files[i].path, &g) || g.part != 1)
            continue;
        if (found < listing->n)
            return listing->n;
        found = i;
    }
    return found;
}

/* What there is instead. */
static mote_status refuse(const mote_hub_listing *listing, const mote_hub_name *name, mote_error *err) {
    char there[MOTE_ERROR_MESSAGE_BYTES / 2] = "";
    size_t used = 0, n = 0;
    for (size_t i = 0; i < listing->n; i++) {
        gguf_name g;
        if (!is_gguf(listing->files[i].path, &g) || g.part != 1)
            continue;
        mote_str quant = quant_of(g.stem);
        if (n++ < MAX_NAMED && used + quant.len + 2 < sizeof there)
            used += (size_t)snprintf(there + used, sizeof there - used, " %.*s", MOTE_STR_ARGS(quant));
    }
    if (has_folder(listing) && used + 13 < sizeof there)
        snprintf(there + used, sizeof there - used, " safetensors");
    if (!there[0])
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s holds no model that mote reads: no GGUF, and no config.json with safetensors", name->user, name->repo);
    if (!name->quant[0])
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s has several models; %s/%s:QUANT names one:%s", name->user, name->repo, name->user, name->repo, there);
    return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s has no %s; there are%s:%s", name->user, name->repo, name->quant, n > MAX_NAMED ? " among others" : "", there);
}

mote_status mote_hub_choice_make(const mote_hub_listing *listing, const mote_hub_name *name, mote_hub_choice *choice, mote_error *err) {
    static const char *const preferred[] = {"Q4_K_M", "Q4_0", "Q8_0"};
    *choice = (mote_hub_choice){.files = NULL};
    bool is_folder = strcasecmp(name->quant, "safetensors") == 0;
    size_t found = listing->n;
    if (name->quant[0] && !is_folder)
        found = find_quant(listing, name->quant);
    for (size_t i = 0; !name->quant[0] && found == listing->n && i < sizeof preferred / sizeof *preferred; i++)
        found = find_quant(listing, preferred[i]);
    if (!name->quant[0] && found == listing->n)
        found = find_only(listing);
    if (found < listing->n)
        return choose_gguf(listing, found, choice, err);
    if ((is_folder || !name->quant[0]) && has_folder(listing))
        return choose_folder(listing, choice, err);
    return refuse(listing, name, err);
}

mote_status mote_hub_choice_next(const mote_hub_listing *listing, size_t *cursor, mote_hub_choice *choice, mote_error *err) {
    *choice = (mote_hub_choice){.files = NULL};
    while (*cursor < listing->n) {
        gguf_name g;
        size_t i = (*cursor)++;
        if (!is_gguf(listing->files[i].path, &g) || g.part != 1)
            continue;
        mote_status status = choose_gguf(listing, i, choice, err);
        if (status != MOTE_ERR_FORMAT) /* its parts aren't all there */
            return status;
    }
    return (*cursor)++ == listing->n && has_folder(listing) ? choose_folder(listing, choice, err) : MOTE_OK;
}
