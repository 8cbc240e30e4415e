#include "tasks/score_entities.h"

static char prefix_of(mote_str tag) {
    return tag.len ? tag.data[0] : 'O';
}

/* What is behind the first dash; "_" where there is nothing. */
static mote_str type_of(mote_str tag) {
    size_t at = 1;
    while (at < tag.len && tag.data[at] != '-')
        at++;
    mote_str type = at + 1 < tag.len ? (mote_str){tag.data + at + 1, tag.len - at - 1} : tag.len > 1 && at == tag.len ? (mote_str){tag.data + 1, tag.len - 1} : MOTE_STR("_");
    return type;
}

static bool ends(char before, char now, bool same_type) {
    if (before == 'E' || before == 'S')
        return true;
    if ((before == 'B' || before == 'I') && (now == 'B' || now == 'S' || now == 'O'))
        return true;
    return before != 'O' && before != '.' && !same_type;
}

static bool begins(char before, char now, bool same_type) {
    if (now == 'B' || now == 'S')
        return true;
    if ((before == 'E' || before == 'S' || before == 'O') && (now == 'E' || now == 'I'))
        return true;
    return now != 'O' && now != '.' && !same_type;
}

size_t mote_entities_read(const mote_str *tags, size_t n, mote_entity *entities) {
    char before = 'O';
    mote_str type = MOTE_STR("");
    size_t n_found = 0, first = 0;
    for (size_t i = 0; i <= n; i++) {
        char now = i < n ? prefix_of(tags[i]) : 'O';
        mote_str its = i < n ? type_of(tags[i]) : MOTE_STR("_");
        bool same = mote_str_equal(type, its);
        if (ends(before, now, same))
            entities[n_found++] = (mote_entity){type, first, i - 1};
        if (begins(before, now, same))
            first = i;
        before = now;
        type = its;
    }
    return n_found;
}

void mote_entities_add(mote_entity_sums *sums, const mote_entity *given, size_t n_given, const mote_entity *wanted, size_t n_wanted) {
    sums->given += n_given;
    sums->wanted += n_wanted;
    for (size_t i = 0; i < n_given; i++)
        for (size_t j = 0; j < n_wanted; j++)
            if (given[i].first == wanted[j].first && given[i].last == wanted[j].last && mote_str_equal(given[i].type, wanted[j].type)) {
                sums->right++;
                break;
            }
}
