/* The filters, by what they work on; jinja_filters.c has their table. */
#ifndef MOTE_TEXT_JINJA_FILTERS_H
#define MOTE_TEXT_JINJA_FILTERS_H

#include "text/jinja_run.h"

/* --- jinja_filter_seq.c: sequences --- */
bool mote_jinja_filter_batch(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_dictsort(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_first(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_groupby(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_items(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_join(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_last(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_length(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_list(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_max(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_min(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_reverse(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_slice(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_sort(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_sum(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_unique(jinja_run *r, jinja_value *a, jinja_value *out);

/* --- jinja_filter_map.c: those that apply another filter or test --- */
bool mote_jinja_filter_map(jinja_run *r, const jinja_args *args, jinja_value *out);
bool mote_jinja_filter_select(jinja_run *r, const jinja_args *args, jinja_value *out);
bool mote_jinja_filter_reject(jinja_run *r, const jinja_args *args, jinja_value *out);
bool mote_jinja_filter_selectattr(jinja_run *r, const jinja_args *args, jinja_value *out);
bool mote_jinja_filter_rejectattr(jinja_run *r, const jinja_args *args, jinja_value *out);

/* --- jinja_filter_text.c: text --- */
bool mote_jinja_filter_capitalize(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_center(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_format(jinja_run *r, const jinja_args *args, jinja_value *out);
bool mote_jinja_filter_indent(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_lower(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_replace(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_string(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_title(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_trim(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_truncate(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_upper(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_wordcount(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_wordwrap(jinja_run *r, jinja_value *a, jinja_value *out);

/* --- jinja_filter_html.c: HTML and URLs --- */
bool mote_jinja_filter_escape(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_forceescape(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_safe(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_striptags(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_urlencode(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_xmlattr(jinja_run *r, jinja_value *a, jinja_value *out);

/* --- jinja_filter_number.c: numbers --- */
bool mote_jinja_filter_abs(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_filesizeformat(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_float(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_int(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_filter_round(jinja_run *r, jinja_value *a, jinja_value *out);

#endif
