#include "tasks/parts.h"

#include <ctype.h>

/* How good a place for a cut is behind byte `at`: before a heading, between paragraphs, lines, sentences, words. */
static int cut_quality(mote_str text, size_t at) {
    char before = text.data[at - 1], next = text.data[at];
    if (before == '\n' && next == '#')
        return 5;
    if (before == '\n' && at >= 2 && text.data[at - 2] == '\n')
        return 4;
    if (before == '\n')
        return 3;
    if (isspace((unsigned char)before) && at >= 2 && strchr(".!?", text.data[at - 2]))
        return 2;
    return isspace((unsigned char)before) ? 1 : 0;
}

size_t mote_part_end(mote_str text, size_t at, size_t most) {
    if (text.len - at <= most)
        return text.len;
    size_t best = at + most;
    int quality = -1;
    for (size_t i = at + most; i > at + most / 2; i--)
        if (cut_quality(text, i) > quality) {
            quality = cut_quality(text, i);
            best = i;
        }
    return best;
}
