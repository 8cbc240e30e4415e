/* The table of filters: all of Jinja 3.1. random, urlize and long pprint output are refused by name. */
#include "text/jinja_filters.h"

static bool filter_default(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[0].type != JINJA_UNDEFINED && (!mote_jinja_truth(a[2]) || mote_jinja_truth(a[0]))) {
        *out = a[0];
        return true;
    }
    *out = a[1];
    return a[1].type != JINJA_MISSING || mote_jinja_make_str(r, MOTE_STR(""), out);
}

static bool filter_attr(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str name;
    if (!mote_jinja_str_arg(r, a[1], "attr", &name))
        return false;
    if (a[0].type == JINJA_UNDEFINED && name.len >= 4 && memcmp(name.data, "__", 2) == 0) {
        *out = jinja_hint("attribute");
        return true;
    }
    if (!mote_jinja_attribute(r, a[0], name, out))
        return false;
    if (out->type == JINJA_MISSING)
        *out = (jinja_value){.type = JINJA_UNDEFINED, .sub = JINJA_UNDEF_ATTR, .extra = a[0].type, .u.s = a[1].u.s};
    return true;
}

/* Python's pprint gives the repr where it fits a line; its way of breaking lines is not rebuilt. */
static bool filter_pprint(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t mark = r->text.len;
    r->sort_keys = true;
    bool ok = mote_jinja_put_repr(r, a[0]);
    r->sort_keys = false;
    if (!ok || !mote_jinja_take(r, mark, out))
        return false;
    if (mote_jinja_n_chars(r, *out) > 80 && a[0].type != JINJA_INT && a[0].type != JINJA_FLOAT)
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "pprint of more than one line is not supported");
    return true;
}

static bool filter_random(jinja_run *r, const jinja_args *args, jinja_value *out) {
    (void)args;
    (void)out;
    return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "the filter 'random' is not supported: renderings are reproducible");
}

static bool filter_urlize(jinja_run *r, const jinja_args *args, jinja_value *out) {
    (void)args;
    (void)out;
    return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "the filter 'urlize' is not supported");
}

const jinja_builtin *mote_jinja_filter(mote_str name) {
    static const jinja_builtin filters[] = {
        {"abs", "-", 1, mote_jinja_filter_abs, NULL},
        {"attr", "obj,name", 2, filter_attr, NULL},
        {"batch", "value,linecount,fill_with", 2, mote_jinja_filter_batch, NULL},
        {"capitalize", "s", 1, mote_jinja_filter_capitalize, NULL},
        {"center", "value,width", 1, mote_jinja_filter_center, NULL},
        {"count", "-", 1, mote_jinja_filter_length, NULL},
        {"d", "value,default_value,boolean", 1, filter_default, NULL},
        {"default", "value,default_value,boolean", 1, filter_default, NULL},
        {"dictsort", "value,case_sensitive,by,reverse", 1, mote_jinja_filter_dictsort, NULL},
        {"e", "s", 1, mote_jinja_filter_escape, NULL},
        {"escape", "s", 1, mote_jinja_filter_escape, NULL},
        {"filesizeformat", "value,binary", 1, mote_jinja_filter_filesizeformat, NULL},
        {"first", "seq", 1, mote_jinja_filter_first, NULL},
        {"float", "value,default", 1, mote_jinja_filter_float, NULL},
        {"forceescape", "value", 1, mote_jinja_filter_forceescape, NULL},
        {"format", NULL, 0, NULL, mote_jinja_filter_format},
        {"groupby", "value,attribute,default,case_sensitive", 2, mote_jinja_filter_groupby, NULL},
        {"indent", "s,width,first,blank", 1, mote_jinja_filter_indent, NULL},
        {"int", "value,default,base", 1, mote_jinja_filter_int, NULL},
        {"items", "value", 1, mote_jinja_filter_items, NULL},
        {"join", "value,d,attribute", 1, mote_jinja_filter_join, NULL},
        {"last", "seq", 1, mote_jinja_filter_last, NULL},
        {"length", "-", 1, mote_jinja_filter_length, NULL},
        {"list", "value", 1, mote_jinja_filter_list, NULL},
        {"lower", "s", 1, mote_jinja_filter_lower, NULL},
        {"map", NULL, 0, NULL, mote_jinja_filter_map},
        {"max", "value,case_sensitive,attribute", 1, mote_jinja_filter_max, NULL},
        {"min", "value,case_sensitive,attribute", 1, mote_jinja_filter_min, NULL},
        {"pprint", "value", 1, filter_pprint, NULL},
        {"random", NULL, 0, NULL, filter_random},
        {"reject", NULL, 0, NULL, mote_jinja_filter_reject},
        {"rejectattr", NULL, 0, NULL, mote_jinja_filter_rejectattr},
        {"replace", "s,old,new,count", 3, mote_jinja_filter_replace, NULL},
        {"reverse", "value", 1, mote_jinja_filter_reverse, NULL},
        {"round", "value,precision,method", 1, mote_jinja_filter_round, NULL},
        {"safe", "value", 1, mote_jinja_filter_safe, NULL},
        {"select", NULL, 0, NULL, mote_jinja_filter_select},
        {"selectattr", NULL, 0, NULL, mote_jinja_filter_selectattr},
        {"slice", "value,slices,fill_with", 2, mote_jinja_filter_slice, NULL},
        {"sort", "value,reverse,case_sensitive,attribute", 1, mote_jinja_filter_sort, NULL},
        {"string", "s", 1, mote_jinja_filter_string, NULL},
        {"striptags", "value", 1, mote_jinja_filter_striptags, NULL},
        {"sum", "iterable,attribute,start", 1, mote_jinja_filter_sum, NULL},
        {"title", "s", 1, mote_jinja_filter_title, NULL},
        {"tojson", "x,ensure_ascii,indent,separators,sort_keys", 1, mote_jinja_tojson, NULL},
        {"trim", "value,chars", 1, mote_jinja_filter_trim, NULL},
        {"truncate", "s,length,killwords,end,leeway", 1, mote_jinja_filter_truncate, NULL},
        {"unique", "value,case_sensitive,attribute", 1, mote_jinja_filter_unique, NULL},
        {"upper", "s", 1, mote_jinja_filter_upper, NULL},
        {"urlencode", "value", 1, mote_jinja_filter_urlencode, NULL},
        {"urlize", NULL, 0, NULL, filter_urlize},
        {"wordcount", "s", 1, mote_jinja_filter_wordcount, NULL},
        {"wordwrap", "s,width,break_long_words,wrapstring,break_on_hyphens", 1, mote_jinja_filter_wordwrap, NULL},
        {"xmlattr", "d,autospace", 1, mote_jinja_filter_xmlattr, NULL},
        {.name = NULL},
    };
    return mote_jinja_find(filters, name);
}
