/* SentencePiece's precompiled character map: a length word, a double-array trie (darts-clone; S. Yata) over byte sequences, then NUL-terminated replacements
 * at the offsets that the trie's leaves hold. At each position the longest sequence is replaced. The trie is untrusted: every index is checked. */
#include "text/normalize.h"

#include "base/error.h"
#include "text/unicode.h"

#include <string.h>

/* The map's own rules replace a few characters at a time; the bound keeps hostile tries from making the walk quadratic. */
enum { SEQUENCE_MAX = 64 };

static uint32_t read_u32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t base_of(uint32_t unit) {
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

mote_status mote_charsmap_check(const uint8_t *map, size_t len, mote_error *err) {
    uint32_t trie = len >= 4 ? read_u32(map) : 0;
    if (len < 4 || trie < 4 || trie % 4 || trie > len - 4)
        return mote_error_set(err, MOTE_ERR_FORMAT, "precompiled_charsmap: its trie of %u bytes does not fit its %zu bytes", trie, len);
    if (trie < len - 4 && map[len - 1] != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "precompiled_charsmap: the last replacement has no end");
    return MOTE_OK;
}

/* The longest sequence at the start of the text: its bytes (0: none), and its replacement. */
static size_t longest(const uint8_t *map, size_t map_len, const uint8_t *text, size_t len, const char **with) {
    uint32_t n_units = read_u32(map) / 4;
    const uint8_t *units = map + 4;
    const char *strings = (const char *)map + 4 + (size_t)n_units * 4;
    size_t strings_len = map_len - 4 - (size_t)n_units * 4, best = 0;
    uint32_t node = base_of(read_u32(units));
    for (size_t i = 0; i < len && i < SEQUENCE_MAX && text[i]; i++) {
        node ^= text[i];
        if (node >= n_units)
            break;
        uint32_t unit = read_u32(units + (size_t)node * 4);
        if ((unit & (1u << 31 | 0xff)) != text[i])
            break;
        node ^= base_of(unit);
        if (unit >> 8 & 1 && node < n_units) {
            uint32_t value = read_u32(units + (size_t)node * 4) & 0x7fffffff;
            if (value >= strings_len)
                break;
            best = i + 1;
            *with = strings + value;
        }
    }
    return best;
}

mote_status mote_charsmap_apply(const uint8_t *map, size_t map_len, const uint8_t *text, size_t len, mote_buffer *out) {
    for (size_t i = 0; i < len;) {
        const char *with = NULL;
        size_t n = longest(map, map_len, text + i, len - i, &with);
        if (n) {
            MOTE_TRY(mote_buffer_append_text(out, with));
        } else {
            uint32_t c;
            n = mote_unicode_decode(text + i, len - i, &c);
            MOTE_TRY(c == MOTE_UNICODE_BAD ? mote_buffer_append(out, "\xef\xbf\xbd", 3) : mote_buffer_append(out, text + i, n));
        }
        i += n;
    }
    return MOTE_OK;
}
