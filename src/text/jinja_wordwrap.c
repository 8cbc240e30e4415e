/* The wordwrap filter: Python's textwrap.wrap on each line, with expand_tabs and replace_whitespace off. A line is cut into chunks (words, runs of white
 * space, parts of hyphenated words), which are then packed into lines of at most `width` characters. */
#include "text/jinja_filters.h"

#include "text/jinja_unicode.h"

typedef struct chunk {
    const char *start, *end;
    size_t width;
    bool space;
} chunk;

typedef struct wrapper {
    jinja_run *run;
    chunk *chunks;
    size_t n, capacity, width;
    bool break_long, break_hyphens, first_line;
    mote_str newline;
} wrapper;

/* textwrap's white space is ASCII only */
static bool is_space(char c) {
    return c == ' ' || (c >= 9 && c <= 13);
}

static bool is_word(uint32_t c) {
    return c == '_' || mote_jinja_unicode_is_alpha(c) || mote_jinja_unicode_is_numeric(c);
}

static bool is_letter(uint32_t c) {
    return is_word(c) && !mote_jinja_unicode_is_decimal(c);
}

static uint32_t char_at(const char *p, const char *end) {
    return p < end ? jinja_decode(&p) : 0;
}

static uint32_t char_before(const char *start, const char *p) {
    if (p <= start)
        return 0;
    const char *q = jinja_previous(p);
    return jinja_decode(&q);
}

static bool add_chunk(wrapper *w, const char *start, const char *end, bool space) {
    if (start == end)
        return true;
    if (w->n == w->capacity) {
        size_t capacity = w->capacity ? w->capacity * 2 : 32;
        chunk *more = mote_jinja_alloc_array(w->run, capacity, sizeof *more);
        if (!more)
            return false;
        if (w->n)
            memcpy(more, w->chunks, w->n * sizeof *more);
        w->chunks = more;
        w->capacity = capacity;
    }
    w->chunks[w->n++] = (chunk){start, end, mote_jinja_unicode_count((mote_str){start, (size_t)(end - start)}), space};
    return jinja_spend(w->run, 2);
}

/* Where a word from p may end early: behind a hyphen between letters ("well-|known"), or before a dash of two or more hyphens, which is a chunk of its own. */
static const char *word_end(const wrapper *w, const char *start, const char *p, const char *end) {
    const char *q = p;
    while (q < end && !is_space(*q)) {
        if (w->break_hyphens && *q == '-') {
            const char *run = q;
            while (run < end && *run == '-')
                run++;
            uint32_t before = char_before(start, q), after = char_at(run, end);
            if (run - q >= 2) {
                bool dash = (is_word(before) || (before && before < 0x80 && strchr("!\"'&.,?", (int)before))) && is_word(after);
                if (dash && q > p)
                    return q;
                if (dash)
                    return run;
            } else if (q > p && is_letter(before) && is_letter(char_before(start, jinja_previous(q))) && is_letter(after)) {
                const char *second = run;
                jinja_decode(&second);
                uint32_t next = char_at(second, end);
                /* a letter, then a letter or a hyphen with a letter behind it */
                if (is_letter(next) || (next == '-' && is_letter(char_at(second + 1, end))))
                    return run;
            }
            q = run;
            continue;
        }
        jinja_decode(&q);
    }
    return q;
}

static bool split_chunks(wrapper *w, mote_str line) {
    const char *p = line.data, *end = p + line.len;
    w->n = 0;
    while (p < end) {
        const char *q = p;
        bool space = is_space(*p);
        if (space)
            while (q < end && is_space(*q))
                q++;
        else
            q = word_end(w, line.data, p, end);
        if (!add_chunk(w, p, q, space))
            return false;
        p = q;
    }
    return true;
}

static bool put_line(wrapper *w, const char *start, const char *end) {
    bool ok = (w->first_line || mote_jinja_put(w->run, w->newline.data, w->newline.len)) && mote_jinja_put(w->run, start, (size_t)(end - start));
    w->first_line = false;
    return ok;
}

/* Takes what fits of a chunk longer than a line; behind a hyphen if there is one in reach. */
static const char *break_chunk(const wrapper *w, const chunk *c, size_t room) {
    if (room == 0)
        room = 1;
    const char *q = c->start, *hyphen = NULL;
    bool only_hyphens = true;
    for (size_t i = 0; i < room && q < c->end; i++) {
        const char *at = q;
        jinja_decode(&q);
        if (*at == '-' && w->break_hyphens && c->width > room && !only_hyphens)
            hyphen = q;
        only_hyphens = only_hyphens && *at == '-';
    }
    return hyphen ? hyphen : q;
}

static bool wrap_line(wrapper *w, mote_str line) {
    if (!split_chunks(w, line))
        return false;
    bool any = false;
    for (size_t i = 0; i < w->n;) {
        if (any && w->chunks[i].space && ++i == w->n) /* white space at the start of a later line goes */
            break;
        const char *start = w->chunks[i].start, *end = start;
        size_t used = 0, first = i;
        while (i < w->n && used + w->chunks[i].width <= w->width) {
            used += w->chunks[i].width;
            end = w->chunks[i++].end;
        }
        if (i < w->n && w->chunks[i].width > w->width && (w->break_long || i == first)) {
            const char *cut = w->break_long ? break_chunk(w, &w->chunks[i], w->width - used) : w->chunks[i].end;
            if (!jinja_spend(w->run, w->width / 8 + 1))
                return false;
            end = cut;
            w->chunks[i].width -= mote_jinja_unicode_count((mote_str){w->chunks[i].start, (size_t)(cut - w->chunks[i].start)});
            w->chunks[i].start = cut;
            i += cut == w->chunks[i].end;
        }
        const char *last = end;
        while (last > start && is_space(last[-1])) /* white space at the end of a line goes */
            last--;
        if (last == start)
            continue;
        if (!put_line(w, start, last))
            return false;
        any = true;
    }
    if (!any)
        return put_line(w, line.data, line.data);
    return true;
}

bool mote_jinja_filter_wordwrap(jinja_run *r, jinja_value *a, jinja_value *out) {
    int64_t width = 79;
    size_t mark = r->text.len;
    wrapper w = {.run = r, .first_line = true, .newline = MOTE_STR("\n")};
    jinja_value lines, args[2] = {a[0], JINJA_MISSING_VALUE};
    mote_str text;
    if (!mote_jinja_str_arg(r, a[0], "wordwrap", &text) || (a[1].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[1], &width)) ||
        (!jinja_is_none(a[3]) && !mote_jinja_str_arg(r, a[3], "wordwrap", &w.newline)))
        return false;
    if (width <= 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: wordwrap: invalid width (must be > 0)");
    w.width = (size_t)width;
    w.break_long = a[2].type == JINJA_MISSING || mote_jinja_truth(a[2]);
    w.break_hyphens = a[4].type == JINJA_MISSING || mote_jinja_truth(a[4]);
    if (!mote_jinja_str_method(MOTE_STR("splitlines"))->call(r, args, &lines))
        return false;
    for (size_t i = 0; i < lines.u.l->n; i++)
        if (!wrap_line(&w, jinja_text(lines.u.l->items[i])))
            return false;
    return mote_jinja_take(r, mark, out);
}
