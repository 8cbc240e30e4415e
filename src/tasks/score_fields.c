#include "tasks/score_fields.h"

static mote_str trim(mote_str s) {
    while (s.len && strchr(" \t\r\n\f\v", s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && strchr(" \t\r\n\f\v", s.data[s.len - 1]))
        s.len--;
    return s;
}

bool mote_fields_add(mote_field_sums *sums, mote_str given, mote_str wanted) {
    bool is_right = given.data && wanted.data && mote_str_equal(trim(given), trim(wanted));
    sums->given += given.data != NULL;
    sums->wanted += wanted.data != NULL;
    sums->right += is_right;
    return is_right;
}
