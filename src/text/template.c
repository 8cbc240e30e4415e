/* The public face of the template language: parse once, render often. */
#include "base/error.h"
#include "base/mem.h"
#include "text/jinja_ast.h"
#include "text/jinja_run.h"

#include <locale.h>
#include <mote/template.h>

struct mote_template {
    jinja_tree tree;
};

/* Numbers are read and printed by the C library: with a point, whatever the program's locale. */
static locale_t enter_c_locale(locale_t *c) {
    *c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t old) {
    if (old)
        uselocale(old);
    if (c)
        freelocale(c);
}

mote_status mote_template_parse(const char *source, size_t source_bytes, mote_template **tmpl, mote_error *err) {
    *tmpl = NULL;
    mote_template *t = mote_mem_zalloc_array(1, sizeof *t);
    if (!t)
        return mote_error_alloc(err, sizeof *t);
    locale_t c, old = enter_c_locale(&c);
    mote_status status = mote_jinja_parse(&t->tree, (mote_str){source, source_bytes}, err);
    leave_c_locale(c, old);
    if (status != MOTE_OK)
        mote_template_free(&t);
    *tmpl = t;
    return status;
}

void mote_template_free(mote_template **tmpl) {
    if (!tmpl || !*tmpl)
        return;
    mote_arena_deinit(&(*tmpl)->tree.arena);
    mote_mem_free(*tmpl);
    *tmpl = NULL;
}

static bool two_digits(const char **p, char before, int low, int high, int *out) {
    const char *s = *p;
    if (before && *s++ != before)
        return false;
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (s[0] - '0') * 10 + (s[1] - '0');
    *p = s + 2;
    return *out >= low && *out <= high;
}

/* "2026-03-05T14:30:00", perhaps with a fraction of a second. */
static bool parse_now(jinja_run *r, jinja_value v) {
    char text[40] = {0};
    int century, year, month, digits = 0;
    struct tm *t = &r->now;
    if (v.type != JINJA_STR || jinja_text(v).len >= sizeof text)
        return false;
    memcpy(text, jinja_text(v).data, jinja_text(v).len);
    const char *p = text;
    if (!two_digits(&p, 0, 0, 99, &century) || !two_digits(&p, 0, 0, 99, &year) || !two_digits(&p, '-', 1, 12, &month) || !two_digits(&p, '-', 1, 31, &t->tm_mday))
        return false;
    t->tm_year = century * 100 + year - 1900;
    t->tm_mon = month - 1;
    if (*p && !((*p == 'T' || *p == ' ') && (p++, two_digits(&p, 0, 0, 23, &t->tm_hour)) && two_digits(&p, ':', 0, 59, &t->tm_min) && two_digits(&p, ':', 0, 60, &t->tm_sec)))
        return false;
    if (*p == '.')
        for (p++; *p >= '0' && *p <= '9' && digits < 6; p++, digits++)
            r->now_microseconds = r->now_microseconds * 10 + (*p - '0');
    for (; digits > 0 && digits < 6; digits++)
        r->now_microseconds *= 10;
    while (digits && *p >= '0' && *p <= '9')
        p++;
    if (*p && strcmp(p, "Z") != 0)
        return false;
    static const int days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int y = century * 100 + year, leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (t->tm_mday > days_before[month] - days_before[month - 1] + (leap && month == 2))
        return false;
    t->tm_yday = days_before[month - 1] + t->tm_mday - 1 + (leap && month > 2);
    int before = y - 1; /* whole years before this one: 1 January of year 1 was a Monday */
    t->tm_wday = (int)(((long)before * 365 + before / 4 - before / 100 + before / 400 + t->tm_yday + 1) % 7);
    if (t->tm_wday < 0)
        t->tm_wday += 7;
    t->tm_isdst = -1;
    return true;
}

static bool set_now(jinja_run *r, const jinja_value *now) {
    if (now && now->type != JINJA_NONE)
        return parse_now(r, *now) || mote_jinja_fail(r, MOTE_ERR_FORMAT, "variables: 'now' is not a date and time such as 2026-03-05T14:30:00");
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    localtime_r(&clock.tv_sec, &r->now);
    r->now_microseconds = (int)(clock.tv_nsec / 1000);
    return true;
}

/* A message's reasoning goes by three names; templates read the first, some the second: both are filled. */
static bool alias_reasoning(jinja_run *r, jinja_value *message) {
    static const char *const names[] = {"reasoning_content", "thinking", "reasoning"};
    jinja_value *reasoning = NULL;
    if (message->type != JINJA_DICT)
        return true;
    for (int i = 0; i < 3 && (!reasoning || reasoning->type == JINJA_NONE); i++)
        reasoning = mote_jinja_dict_get_str(message->u.d, mote_str_of(names[i]));
    if (!reasoning || reasoning->type == JINJA_NONE)
        return true;
    const jinja_dict *old = message->u.d;
    jinja_dict *d = mote_jinja_new_dict(r, old->n + 2);
    if (!d || !mote_jinja_dict_set_str(r, d, MOTE_STR("thinking"), *reasoning))
        return false;
    for (size_t i = 0; i < old->n; i++)
        if (!mote_jinja_dict_set(r, d, old->entries[i].key, old->entries[i].value))
            return false;
    *message = jinja_of_dict(d);
    return mote_jinja_dict_set_str(r, d, MOTE_STR("reasoning_content"), *reasoning);
}

/* r->root: for each name of the template the variable given, or a global function, or nothing. */
static bool set_variables(jinja_run *r, const jinja_tree *tree, const jinja_dict *variables) {
    r->root = mote_jinja_alloc_array(r, tree->n_names, sizeof *r->root);
    if (!r->root)
        return false;
    for (uint32_t i = 0; i < tree->n_names; i++) {
        mote_str name = tree->names[i]->text;
        jinja_value *given = mote_str_is(name, "now") ? NULL : mote_jinja_dict_get_str(variables, name);
        const jinja_builtin *global = given ? NULL : mote_jinja_global(name);
        r->root[i] = JINJA_MISSING_VALUE;
        if (given)
            r->root[i] = *given;
        else if (mote_str_is(name, "messages") || mote_str_is(name, "tools") || mote_str_is(name, "documents"))
            r->root[i] = JINJA_NONE_VALUE;
        else if (mote_str_is(name, "add_generation_prompt"))
            r->root[i] = jinja_bool(false);
        else if (global)
            r->root[i] = (jinja_value){.type = JINJA_FUNCTION, .u.function = global};
    }
    return true;
}

static bool render(jinja_run *r, const jinja_tree *tree, mote_str json) {
    jinja_value variables;
    if (!mote_jinja_read_json(r, json, &variables))
        return false;
    if (variables.type != JINJA_DICT)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "variables: the JSON value is not an object");
    if (!set_now(r, mote_jinja_dict_get_str(variables.u.d, MOTE_STR("now"))))
        return false;
    jinja_value *messages = mote_jinja_dict_get_str(variables.u.d, MOTE_STR("messages"));
    for (size_t i = 0; messages && messages->type == JINJA_LIST && i < messages->u.l->n; i++)
        if (!alias_reasoning(r, &messages->u.l->items[i]))
            return false;
    return set_variables(r, tree, variables.u.d) && mote_jinja_exec(r, tree->body) != JINJA_FLOW_FAIL;
}

mote_status mote_template_render(const mote_template *tmpl, const char *variables_json, size_t json_bytes, char **text, size_t *text_bytes, mote_error *err) {
    jinja_run r = {.err = err, .line = 1};
    *text = NULL;
    *text_bytes = 0;
    if (json_bytes > JINJA_MAX_INPUT_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "variables: %zu bytes of JSON, the limit is %zu", json_bytes, JINJA_MAX_INPUT_BYTES);
    size_t max_text = JINJA_MAX_SMALL_OUTPUT_BYTES + 8 * json_bytes;
    mote_arena_init(&r.arena, JINJA_MAX_ARENA_BYTES + JINJA_ARENA_PER_INPUT_BYTE * json_bytes);
    mote_buffer_init(&r.text, max_text < JINJA_MAX_OUTPUT_BYTES ? max_text : JINJA_MAX_OUTPUT_BYTES);
    r.steps_left = JINJA_MAX_STEPS + JINJA_STEPS_PER_INPUT_BYTE * json_bytes;
    locale_t c, old = enter_c_locale(&c);
    if (render(&r, &tmpl->tree, (mote_str){variables_json, json_bytes})) {
        *text_bytes = r.text.len;
        *text = mote_buffer_take(&r.text);
        r.status = *text ? MOTE_OK : mote_error_alloc(err, 1);
    }
    leave_c_locale(c, old);
    mote_buffer_deinit(&r.text);
    mote_arena_deinit(&r.arena);
    return r.status;
}
