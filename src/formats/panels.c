#include "formats/panels.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"

#include <inttypes.h>
#include <string.h>

static const char MAGIC[8] = {'M', 'O', 'T', 'E', 'P', 'A', 'N', 'L'};
enum { VERSION = 1, FIXED_BYTES = 16 + 32 + 32 + 16, ITEM_BYTES = 24, HASH_BYTES = 32, LINE = 64 };
_Static_assert(FIXED_BYTES + MOTE_PANELS_MAX_ITEMS * ITEM_BYTES + HASH_BYTES <= MOTE_PANELS_BODY_AT, "the header ends before the body");

size_t mote_panels_header_bytes(size_t n_items) {
    return FIXED_BYTES + n_items * ITEM_BYTES + HASH_BYTES;
}

static uint8_t *store(uint8_t *p, uint64_t x, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++)
        p[i] = (uint8_t)(x >> (8 * i));
    return p + n_bytes;
}

static uint64_t load(const uint8_t *p, size_t n_bytes) {
    uint64_t x = 0;
    for (size_t i = 0; i < n_bytes; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

static void hash(const uint8_t *data, size_t n_bytes, uint8_t digest[HASH_BYTES]) {
    mote_sha256 sha;
    mote_sha256_init(&sha);
    mote_sha256_update(&sha, data, n_bytes);
    mote_sha256_final(&sha, digest);
}

void mote_panels_write_header(const mote_panels *p, uint8_t *out) {
    memcpy(out, MAGIC, sizeof MAGIC);
    uint8_t *at = store(store(out + sizeof MAGIC, VERSION, 4), p->n_items, 4);
    memcpy(at, p->key, sizeof p->key);
    memcpy(at + 32, p->source_sha256, sizeof p->source_sha256);
    at = store(store(at + 64, p->body_bytes, 8), p->body_sum, 8);
    for (size_t i = 0; i < p->n_items; i++)
        at = store(store(store(at, p->items[i].offset, 8), p->items[i].n_bytes, 8), p->items[i].type, 8);
    hash(out, (size_t)(at - out), at);
}

static mote_status read_items(const uint8_t *at, mote_panels *p, mote_error *err) {
    uint64_t end = 0;
    for (size_t i = 0; i < p->n_items; i++, at += ITEM_BYTES) {
        p->items[i] = (mote_panels_item){load(at, 8), load(at + 8, 8), load(at + 16, 8)};
        if (p->items[i].offset < end || p->items[i].offset > p->body_bytes || p->items[i].n_bytes > p->body_bytes - p->items[i].offset)
            return mote_error_set(err, MOTE_ERR_FORMAT, "item %zu: bytes %" PRIu64 " to %" PRIu64 " overlap another or end outside of the body", i, p->items[i].offset,
                                  p->items[i].offset + p->items[i].n_bytes);
        end = p->items[i].offset + p->items[i].n_bytes;
    }
    return MOTE_OK;
}

mote_status mote_panels_parse(const uint8_t *data, size_t n_bytes, uint64_t file_bytes, mote_panels *p, mote_error *err) {
    *p = (mote_panels){0};
    if (n_bytes < FIXED_BYTES || memcmp(data, MAGIC, sizeof MAGIC) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "no file of packed weights");
    uint64_t version = load(data + 8, 4), n_items = load(data + 12, 4);
    if (version != VERSION)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "version %" PRIu64 " of packed weights", version);
    if (n_items > MOTE_PANELS_MAX_ITEMS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%" PRIu64 " items are over the limit of %d", n_items, MOTE_PANELS_MAX_ITEMS);
    size_t header_bytes = mote_panels_header_bytes((size_t)n_items);
    if (n_bytes < header_bytes)
        return mote_error_set(err, MOTE_ERR_FORMAT, "truncated: %zu bytes, but the header has %zu", n_bytes, header_bytes);
    uint8_t digest[HASH_BYTES];
    hash(data, header_bytes - HASH_BYTES, digest);
    if (memcmp(digest, data + header_bytes - HASH_BYTES, HASH_BYTES) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the header is damaged: its hash is another");
    memcpy(p->key, data + 16, sizeof p->key);
    memcpy(p->source_sha256, data + 48, sizeof p->source_sha256);
    p->body_bytes = load(data + 80, 8);
    p->body_sum = load(data + 88, 8);
    if (file_bytes < MOTE_PANELS_BODY_AT || file_bytes - MOTE_PANELS_BODY_AT != p->body_bytes)
        return mote_error_set(err, MOTE_ERR_FORMAT, "truncated: %" PRIu64 " bytes, but the header says %" PRIu64 " behind %d", file_bytes, p->body_bytes, MOTE_PANELS_BODY_AT);
    p->n_items = (size_t)n_items;
    p->items = mote_mem_alloc_array(p->n_items, sizeof *p->items);
    mote_status status = p->items ? read_items(data + FIXED_BYTES, p, err) : mote_error_alloc(err, p->n_items * sizeof *p->items);
    if (status != MOTE_OK) {
        mote_mem_free(p->items);
        *p = (mote_panels){0};
    }
    return status;
}

/* Four independent lanes of multiplications, so that it runs at the speed of memory. */
uint64_t mote_panels_sum(uint64_t sum, const uint8_t *data, size_t n_bytes) {
    const uint64_t factor = 0x9e3779b97f4a7c15;
    uint64_t lanes[4] = {sum, sum ^ 1, sum ^ 2, sum ^ 3};
    uint8_t last[LINE] = {0};
    for (size_t at = 0; at < n_bytes; at += LINE) {
        uint64_t words[LINE / 8];
        bool whole = n_bytes - at >= LINE;
        if (!whole)
            memcpy(last, data + at, n_bytes - at);
        memcpy(words, whole ? data + at : last, LINE);
        for (int i = 0; i < LINE / 8; i++)
            lanes[i % 4] = ((lanes[i % 4] << 29 | lanes[i % 4] >> 35) ^ words[i]) * factor;
    }
    for (int i = 0; i < 4; i++)
        sum = ((sum << 29 | sum >> 35) ^ lanes[i]) * factor;
    return sum;
}

mote_status mote_panels_check(const char *path, mote_error *err) {
    mote_file_map map;
    mote_panels p = {0};
    MOTE_TRY(mote_file_map_open(path, &map, err));
    size_t header_bytes = map.len < MOTE_PANELS_BODY_AT ? map.len : MOTE_PANELS_BODY_AT;
    uint8_t *header = mote_mem_alloc(header_bytes);
    mote_status status = header ? MOTE_OK : mote_error_alloc(err, header_bytes);
    if (header && header_bytes)
        memcpy(header, map.data, header_bytes);
    if (status == MOTE_OK)
        status = mote_panels_parse(header, header_bytes, map.len, &p, err);
    const uint64_t PIECE = MOTE_PANELS_PIECE_BYTES;
    uint64_t sum = 0;
    for (uint64_t at = 0; status == MOTE_OK && at < p.body_bytes; at += PIECE)
        sum = mote_panels_sum(sum, map.data + MOTE_PANELS_BODY_AT + at, (size_t)(p.body_bytes - at < PIECE ? p.body_bytes - at : PIECE));
    if (status == MOTE_OK && sum != p.body_sum)
        status = mote_error_set(err, MOTE_ERR_FORMAT, "the packed weights are damaged: their sum is another");
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
    mote_mem_free(p.items);
    mote_mem_free(header);
    mote_file_map_close(&map);
    return status;
}
