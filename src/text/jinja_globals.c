/* The global functions: range, dict, namespace, cycler, joiner, raise_exception, strftime_now. lipsum and self exist, and refuse. */
#include "text/jinja_run.h"

#include "base/error.h"

static bool global_range(jinja_run *r, jinja_value *a, jinja_value *out) {
    int64_t v[3] = {0, 0, 1};
    int n_given = a[2].type != JINJA_MISSING ? 3 : a[1].type != JINJA_MISSING ? 2 : 1;
    for (int i = 0; i < n_given; i++)
        if (!mote_jinja_index_arg(r, a[i], &v[n_given == 1 ? 1 : i]))
            return false;
    int64_t start = v[0], stop = v[1], step = v[2];
    if (step == 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: range() arg 3 must not be zero");
    unsigned __int128 distance = 0;
    if (step > 0 && stop > start)
        distance = (unsigned __int128)((__int128)stop - start + step - 1) / (unsigned __int128)step;
    if (step < 0 && stop < start)
        distance = (unsigned __int128)((__int128)start - stop - step - 1) / (unsigned __int128)(-(__int128)step);
    if (distance > JINJA_MAX_RANGE)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "range too big: the limit is %d items", JINJA_MAX_RANGE);
    jinja_range *range = mote_jinja_alloc(r, sizeof *range);
    if (!range)
        return false;
    *range = (jinja_range){start, stop, step, (int64_t)distance};
    *out = (jinja_value){.type = JINJA_RANGE, .u.range = range};
    return true;
}

static bool new_dict(jinja_run *r, const jinja_args *args, const char *who, jinja_value *out) {
    jinja_dict *d = mote_jinja_new_dict(r, 0);
    *out = jinja_of_dict(d);
    return d && mote_jinja_dict_update(r, d, args, who);
}

static bool global_dict(jinja_run *r, const jinja_args *args, jinja_value *out) {
    return new_dict(r, args, "dict", out);
}

static bool global_namespace(jinja_run *r, const jinja_args *args, jinja_value *out) {
    if (!new_dict(r, args, "namespace", out))
        return false;
    for (size_t i = 0; i < out->u.d->n; i++) {
        jinja_value key = out->u.d->entries[i].key;
        if (key.type == JINJA_STR && jinja_text(key).len && jinja_text(key).data[0] == '_')
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "namespace attributes that begin with an underscore are not allowed");
    }
    out->type = JINJA_NAMESPACE;
    return true;
}

static bool global_cycler(jinja_run *r, const jinja_args *args, jinja_value *out) {
    if (args->n == 0 || args->n_kw)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "cycler: at least one item has to be provided");
    jinja_cycler *c = mote_jinja_alloc(r, sizeof *c);
    jinja_list *l = c ? mote_jinja_new_list(r, args->n) : NULL;
    if (!l)
        return false;
    memcpy(l->items, args->v, args->n * sizeof *args->v);
    *c = (jinja_cycler){l, 0};
    *out = (jinja_value){.type = JINJA_CYCLER, .u.cycler = c};
    return true;
}

static bool global_joiner(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_joiner *j = mote_jinja_alloc(r, sizeof *j);
    if (!j)
        return false;
    *j = (jinja_joiner){.separator = a[0]};
    *out = (jinja_value){.type = JINJA_JOINER, .u.joiner = j};
    return a[0].type != JINJA_MISSING || mote_jinja_make_str(r, MOTE_STR(", "), &j->separator);
}

static bool global_raise_exception(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)out;
    jinja_value text;
    if (!mote_jinja_str(r, a[0], &text))
        return false;
    mote_str s = jinja_text(text);
    /* the template's own words, as they are */
    r->status = mote_error_set(r->err, MOTE_ERR_TEMPLATE, "%.*s", (int)(s.len > MOTE_ERROR_MESSAGE_BYTES ? MOTE_ERROR_MESSAGE_BYTES : s.len), s.len ? s.data : "");
    return false;
}

static bool global_strftime_now(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str format;
    return mote_jinja_str_arg(r, a[0], "strftime_now", &format) && mote_jinja_strftime(r, format, out);
}

static bool global_lipsum(jinja_run *r, const jinja_args *args, jinja_value *out) {
    (void)args;
    (void)out;
    return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "'lipsum' is not supported: its text is random");
}

static bool global_self(jinja_run *r, const jinja_args *args, jinja_value *out) {
    (void)args;
    (void)out;
    return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "'self' is not supported");
}

const jinja_builtin *mote_jinja_global(mote_str name) {
    static const jinja_builtin globals[] = {
        {"range", "-,-,-", 1, global_range, NULL},
        {"dict", NULL, 0, NULL, global_dict},
        {"namespace", NULL, 0, NULL, global_namespace},
        {"cycler", NULL, 0, NULL, global_cycler},
        {"joiner", "sep", 0, global_joiner, NULL},
        {"raise_exception", "message", 1, global_raise_exception, NULL},
        {"strftime_now", "format", 1, global_strftime_now, NULL},
        {"lipsum", NULL, 0, NULL, global_lipsum},
        {"self", NULL, 0, NULL, global_self},
        {.name = NULL},
    };
    return mote_jinja_find(globals, name);
}
