/* JSON Schema: the schema up to the first NUL, then bytes that are walked as far as they are allowed. From wherever that is, closing() has to lead to the end in the bytes that
 * distance() says, and what was written has to be JSON. */
#include "base/buffer.h"
#include "formats/json.h"
#include "text/json_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static mote_state step(mote_automaton *a, mote_state *s, uint8_t byte) {
    mote_state t = a->ops->step(a, *s, byte);
    if (t == MOTE_STATE_FULL) {
        *s = a->ops->refresh(a, *s);
        t = a->ops->step(a, *s, byte);
    }
    if (t == MOTE_STATE_FULL)
        __builtin_trap();
    return t;
}

static void put(mote_buffer *text, uint8_t byte) {
    if (mote_buffer_append_char(text, (char)byte) != MOTE_OK)
        __builtin_trap();
}

static void finish(mote_automaton *a, mote_state s, mote_buffer *text) {
    enum { MOST = 4096 };
    uint32_t left = a->ops->distance(a, s);
    mote_json *value = NULL;
    mote_error err = {0};
    if (left > MOST)
        return;
    while (!a->ops->accepts(a, s)) {
        int byte = a->ops->closing(a, s);
        mote_state t = byte < 0 ? MOTE_STATE_DEAD : step(a, &s, (uint8_t)byte);
        if (t == MOTE_STATE_DEAD || left-- == 0)
            __builtin_trap();
        put(text, (uint8_t)byte);
        s = t;
    }
    mote_status status = mote_json_parse(text->data, text->len, &value, &err);
    if (status == MOTE_ERR_FORMAT)
        __builtin_trap();
    mote_json_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    const uint8_t *end = n_bytes > 0 ? memchr(data, 0, n_bytes) : NULL;
    size_t n = end ? (size_t)(end - data) : n_bytes;
    mote_json_schema *schema = NULL;
    mote_automaton *a = NULL;
    mote_error err = {0};
    mote_status status = mote_json_schema_compile((mote_str){(const char *)data, n}, false, &schema, &err);
    if (status != MOTE_OK) {
        if (schema || err.message[0] == '\0')
            __builtin_trap();
        return 0;
    }
    if (mote_json_schema_automaton(schema, &a, &err) != MOTE_OK)
        __builtin_trap();
    mote_state s = a->ops->start(a);
    mote_buffer text;
    mote_buffer_init(&text, 1 << 24);
    for (size_t i = n + 1; i < n_bytes; i++) {
        mote_state t = step(a, &s, data[i]);
        uint32_t key = a->ops->key(a, s), inner = key ? a->ops->inner(a, key, data[i]) : MOTE_STATE_LEFT;
        if (inner != MOTE_STATE_LEFT && (inner == MOTE_STATE_DEAD) != (t == MOTE_STATE_DEAD))
            __builtin_trap();
        if (t == MOTE_STATE_DEAD)
            continue;
        put(&text, data[i]);
        s = t;
    }
    finish(a, s, &text);
    mote_buffer_deinit(&text);
    a->ops->free(a);
    mote_json_schema_free(schema);
    return 0;
}
