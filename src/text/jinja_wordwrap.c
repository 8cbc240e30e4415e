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

/* The code point `n` places before p, counting the one next to it as 1; 0 outside of the line. */
static uint32_t char_before(const char *start, const char *p, int n) {
    for (; n > 0; n--) {
        if (p <= start)
            return 0;
        p = jinja_previous(p);
    }
    return jinja_decode(&p);
}

/* The code point at p, which moves on; 0 at the end. */
static uint32_t next_char(const char **p, const char *end) {
    return *p < end ? jinja_decode(p) : 0;
}

static bool is_punctuated(uint32_t c) {
    return is_word(c) || (c && c < 0x80 && strchr("!\"'&.,?", (int)c));
}

static bool add_chunk(wrapper *w, const char *start, const char *end) {
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
    mote_str text = {start, (size_t)(end - start)};
    w->chunks[w->n++] = (chunk){start, end, mote_jinja_unicode_count(text), mote_jinja_unicode_strip(text, true, false).len == 0};
    return jinja_spend(w->run, 2);
}

/* The end of a dash of two or more hyphens between words at p; NULL if there is none. */
static const char *dash_end(const char *start, const char *p, const char *end) {
    const char *q = p;
    while (q < end && *q == '-')
        q++;
    const char *behind = q;
    return q - p >= 2 && is_punctuated(char_before(start, p, 1)) && is_word(next_char(&behind, end)) ? q : NULL;
}

/* A hyphen behind which a word may be broken: after two letters, or after letter, hyphen, character; and before two letters, perhaps with a hyphen between. */
static bool breaks_behind(const char *start, const char *hyphen, const char *end) {
    bool two = is_letter(char_before(start, hyphen, 1)) && is_letter(char_before(start, hyphen, 2));
    bool part = is_punctuated(char_before(start, hyphen, 1)) && char_before(start, hyphen, 2) == '-' && is_letter(char_before(start, hyphen, 3));
    const char *q = hyphen + 1;
    if ((!two && !part) || !is_letter(next_char(&q, end)))
        return false;
    uint32_t c = next_char(&q, end);
    return is_letter(c == '-' ? next_char(&q, end) : c);
}

/* The end of the chunk that begins at p, which is not white space: textwrap's wordsep_re. */
static const char *word_end(const wrapper *w, const char *start, const char *p, const char *end) {
    const char *q = w->break_hyphens ? dash_end(start, p, end) : NULL;
    if (q)
        return q;
    for (q = p, jinja_decode(&q); q < end && !is_space(*q); jinja_decode(&q)) {
        if (!w->break_hyphens || *q != '-')
            continue;
        if (breaks_behind(start, q, end))
            return q + 1;
        if (dash_end(start, q, end))
            return q;
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
        if (!add_chunk(w, p, q))
            return false;
        p = q;
    }
    return true;
}

static bool all_space(const char *start, const char *end) {
    return mote_jinja_unicode_strip((mote_str){start, (size_t)(end - start)}, true, false).len == 0;
}

static bool put_line(wrapper *w, const char *start, const char *end) {
    bool ok = (w->first_line || mote_jinja_put(w->run, w->newline.data, w->newline.len)) && mote_jinja_put(w->run, start, (size_t)(end - start));
    w->first_line = false;
    return ok;
}

/* Takes what fits of a chunk longer than a line (nothing where the line is full); behind a hyphen if there is one in reach. */
static const char *break_chunk(const wrapper *w, const chunk *c, size_t room) {
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
        const char *start = w->chunks[i].start, *end = start, *last = start;
        size_t used = 0, first = i;
        bool space = false; /* whether the last piece, from `last` on, is white space */
        while (i < w->n && used + w->chunks[i].width <= w->width) {
            last = w->chunks[i].start;
            space = w->chunks[i].space;
            used += w->chunks[i].width;
            end = w->chunks[i++].end;
        }
        if (i < w->n && w->chunks[i].width > w->width && (w->break_long || i == first)) {
            if (!jinja_spend(w->run, w->width / 8 + 1))
                return false;
            last = end;
            end = w->break_long ? break_chunk(w, &w->chunks[i], w->width - used) : w->chunks[i].end;
            w->chunks[i].width -= mote_jinja_unicode_count((mote_str){w->chunks[i].start, (size_t)(end - w->chunks[i].start)});
            w->chunks[i].start = end;
            w->chunks[i].space = all_space(end, w->chunks[i].end);
            space = all_space(last, end);
            i += end == w->chunks[i].end;
        }
        if (space) /* white space at the end of a line goes; a full line before a long word ends in an empty piece, and keeps its own */
            end = last;
        if (end == start)
            continue;
        if (!put_line(w, start, end))
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
