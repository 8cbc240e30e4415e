/* Finding the texts of control tokens with what a tokenizer tells: ids that appear only when control tokens are parsed, and whose text alone is that id only then. */
#include "cli/guard.h"

#include <stdlib.h>
#include <string.h>

typedef struct id_list {
    int32_t *ids;
    size_t n;
} id_list;

static int compare_ids(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static bool same(const id_list *a, const id_list *b) {
    return a->n == b->n && (a->n == 0 || memcmp(a->ids, b->ids, a->n * sizeof *a->ids) == 0);
}

static mote_status tokenize(const mote_tokenizer *tokenizer, const char *text, size_t n_bytes, unsigned flags, id_list *list, mote_error *err) {
    list->ids = NULL;
    list->n = 0;
    return mote_tokenize(tokenizer, text, n_bytes, flags, &list->ids, &list->n, err);
}

/* Both ways; *differ where the text has a control token. The caller frees both lists. */
static mote_status tokenize_both(const mote_tokenizer *tokenizer, const char *text, size_t n_bytes, id_list *plain, id_list *special, bool *differ, mote_error *err) {
    *special = (id_list){NULL, 0};
    mote_status status = tokenize(tokenizer, text, n_bytes, 0, plain, err);
    if (status == MOTE_OK)
        status = tokenize(tokenizer, text, n_bytes, MOTE_TOKENIZE_PARSE_SPECIAL, special, err);
    *differ = status == MOTE_OK && !same(plain, special);
    return status;
}

static mote_status has_control_text(const mote_tokenizer *tokenizer, const char *text, size_t n_bytes, bool *has, mote_error *err) {
    id_list plain, special;
    mote_status status = tokenize_both(tokenizer, text, n_bytes, &plain, &special, has, err);
    mote_free(plain.ids);
    mote_free(special.ids);
    return status;
}

/* Of the ids that only the special way gives, those that are control tokens: kept at the front of special. */
static mote_status keep_control_ids(const mote_tokenizer *tokenizer, id_list *plain, id_list *special, mote_error *err) {
    size_t n_kept = 0;
    if (plain->n)
        qsort(plain->ids, plain->n, sizeof *plain->ids, compare_ids);
    qsort(special->ids, special->n, sizeof *special->ids, compare_ids);
    for (size_t i = 0; i < special->n; i++) {
        int32_t id = special->ids[i];
        if ((n_kept && special->ids[n_kept - 1] == id) || (plain->n && bsearch(&id, plain->ids, plain->n, sizeof id, compare_ids)))
            continue;
        const char *text = mote_tokenizer_text(tokenizer, id);
        bool is_control = false;
        mote_status status = has_control_text(tokenizer, text, strlen(text), &is_control, err);
        if (status != MOTE_OK)
            return status;
        if (is_control)
            special->ids[n_kept++] = id;
    }
    special->n = n_kept;
    return MOTE_OK;
}

static size_t longest_match(const mote_tokenizer *tokenizer, const id_list *controls, const char *p, size_t n_bytes) {
    size_t longest = 0;
    for (size_t i = 0; i < controls->n; i++) {
        const char *text = mote_tokenizer_text(tokenizer, controls->ids[i]);
        size_t n = strlen(text);
        if (n > longest && n <= n_bytes && memcmp(p, text, n) == 0)
            longest = n;
    }
    return longest;
}

/* Text with each control token's text between marks. *clean is false when one is still left outside of them (texts that overlap). */
static mote_status mark_each(const cli_guard *guard, const mote_tokenizer *tokenizer, const id_list *controls, const cli_message *m, char **marked, size_t *n_marked, bool *clean,
                             mote_error *err) {
    FILE *out = open_memstream(marked, n_marked);
    mote_status status = out ? MOTE_OK : MOTE_ERR_ALLOC;
    size_t start = 0, i = 0;
    *clean = true;
    while (status == MOTE_OK && i <= m->n_bytes) {
        size_t n = i < m->n_bytes ? longest_match(tokenizer, controls, m->content + i, m->n_bytes - i) : 0;
        if (n || i == m->n_bytes) {
            bool has = false;
            status = has_control_text(tokenizer, m->content + start, i - start, &has, err);
            *clean = *clean && !has;
            fwrite(m->content + start, 1, i - start, out);
            if (n)
                fprintf(out, "%s%.*s%s", guard->open, (int)n, m->content + i, guard->close);
            start = i + n;
        }
        i += n ? n : 1;
    }
    if (out && fclose(out) != 0)
        status = MOTE_ERR_ALLOC;
    return status;
}

static mote_status guard_message(const cli_guard *guard, const mote_tokenizer *tokenizer, const cli_message *m, cli_conversation *safe, bool *is_marked, mote_error *err) {
    id_list plain, special;
    char *marked = NULL;
    size_t n_marked = 0;
    bool differ, clean = true;
    mote_status status = tokenize_both(tokenizer, m->content, m->n_bytes, &plain, &special, &differ, err);
    if (status == MOTE_OK && differ) {
        status = keep_control_ids(tokenizer, &plain, &special, err);
        if (status == MOTE_OK)
            status = mark_each(guard, tokenizer, &special, m, &marked, &n_marked, &clean, err);
        if (status == MOTE_OK && !clean) {
            free(marked);
            n_marked = m->n_bytes + 2 * CLI_GUARD_MARK_BYTES;
            marked = cli_alloc(n_marked + 1, 1);
            memcpy(marked, guard->open, CLI_GUARD_MARK_BYTES);
            memcpy(marked + CLI_GUARD_MARK_BYTES, m->content, m->n_bytes);
            memcpy(marked + CLI_GUARD_MARK_BYTES + m->n_bytes, guard->close, CLI_GUARD_MARK_BYTES);
        }
        *is_marked = true;
    }
    if (status == MOTE_OK)
        cli_conversation_add(safe, m->role, marked ? marked : m->content, marked ? n_marked : m->n_bytes);
    free(marked);
    mote_free(plain.ids);
    mote_free(special.ids);
    return status;
}

static bool is_free(const char *mark, const char *template_text, const cli_conversation *c) {
    if (strstr(template_text, mark))
        return false;
    for (size_t i = 0; i < c->n_messages; i++)
        if (memmem(c->messages[i].content, c->messages[i].n_bytes, mark, CLI_GUARD_MARK_BYTES))
            return false;
    return true;
}

/* UTF-8 of a character of plane 16. */
static void spell(unsigned character, char mark[CLI_GUARD_MARK_BYTES + 1]) {
    mark[0] = (char)0xf4;
    mark[1] = (char)(0x80 | ((character >> 12) & 0x3f));
    mark[2] = (char)(0x80 | ((character >> 6) & 0x3f));
    mark[3] = (char)(0x80 | (character & 0x3f));
    mark[4] = 0;
}

static bool choose_marks(cli_guard *guard, const char *template_text, const cli_conversation *c) {
    enum { FIRST = 0x100000, LAST = 0x10fffd };
    char *const marks[] = {guard->open, guard->close};
    size_t n = 0;
    for (unsigned character = FIRST; n < 2 && character <= LAST; character++) {
        spell(character, marks[n]);
        n += is_free(marks[n], template_text, c);
    }
    return n == 2;
}

mote_status cli_guard_conversation(cli_guard *guard, const mote_tokenizer *tokenizer, const char *template_text, const cli_conversation *c, cli_conversation *safe,
                                   mote_error *err) {
    guard->is_used = false;
    if (!choose_marks(guard, template_text, c)) {
        snprintf(err->message, sizeof err->message, "the messages use every character of Unicode's private-use plane 16");
        return MOTE_ERR_LIMIT;
    }
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < c->n_messages; i++)
        status = guard_message(guard, tokenizer, &c->messages[i], safe, &guard->is_used, err);
    return status;
}

const char *cli_guard_find(const cli_guard *guard, const char *text, size_t n_bytes) {
    const char *open = memmem(text, n_bytes, guard->open, CLI_GUARD_MARK_BYTES);
    const char *close = memmem(text, open ? (size_t)(open - text) : n_bytes, guard->close, CLI_GUARD_MARK_BYTES);
    return close ? close : open;
}

bool cli_guard_opens(const cli_guard *guard, const char *mark) {
    return memcmp(mark, guard->open, CLI_GUARD_MARK_BYTES) == 0;
}
