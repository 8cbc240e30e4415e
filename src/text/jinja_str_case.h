/* String methods that map or classify characters, and padding; jinja_str_methods.c has their table. */
#ifndef MOTE_TEXT_JINJA_STR_CASE_H
#define MOTE_TEXT_JINJA_STR_CASE_H

#include "text/jinja_run.h"

bool mote_jinja_str_upper(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_lower(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_casefold(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_title(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_capitalize(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_swapcase(jinja_run *r, jinja_value *a, jinja_value *out);

bool mote_jinja_str_isalnum(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isalpha(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isascii(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isdecimal(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isdigit(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isnumeric(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isspace(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isprintable(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isidentifier(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_islower(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_isupper(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_istitle(jinja_run *r, jinja_value *a, jinja_value *out);

bool mote_jinja_str_center(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_ljust(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_rjust(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_zfill(jinja_run *r, jinja_value *a, jinja_value *out);
bool mote_jinja_str_expandtabs(jinja_run *r, jinja_value *a, jinja_value *out);

#endif
