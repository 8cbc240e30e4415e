#include "tasks/tools_private.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"

#include <string.h>

/* Bytes of the JSON object that s begins with, by its braces; 0: it has no end. */
static size_t object_bytes(mote_str s) {
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && c == '{')
            depth++;
        else if (!in_string && c == '}' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* Writes a value as a call; *is_call is false if it is none. */
static mote_status write_call(mote_buffer *out, const mote_json *value, bool *is_call) {
    const mote_json *arguments = mote_json_get(value, "arguments");
    mote_str name = mote_json_string(mote_json_get(value, "name"));
    if (!arguments)
        arguments = mote_json_get(value, "parameters");
    *is_call = name.len && mote_json_typeof(arguments) == MOTE_JSON_OBJECT;
    if (!*is_call)
        return MOTE_OK;
    MOTE_TRY(mote_buffer_append_text(out, "{\"name\":"));
    MOTE_TRY(mote_json_write_string(out, name));
    MOTE_TRY(mote_buffer_append_text(out, ",\"arguments\":"));
    MOTE_TRY(mote_json_write(out, arguments));
    return mote_buffer_append_char(out, '}');
}

/* Takes the call that `object` is; *is_call is false if it is none. */
static mote_status take_call(mote_str object, mote_tools_result *result, bool *is_call) {
    mote_json *value = NULL;
    mote_buffer out;
    mote_buffer_init(&out, MOTE_TOOLS_MAX_BYTES);
    *is_call = false;
    mote_status status = mote_json_parse(object.data, object.len, &value, NULL);
    if (status != MOTE_OK)
        return status == MOTE_ERR_ALLOC ? status : MOTE_OK;
    status = write_call(&out, value, is_call);
    if (status == MOTE_OK && *is_call) {
        char *call = mote_buffer_take(&out);
        if (call)
            result->calls[result->n_calls++] = call;
        else
            status = MOTE_ERR_ALLOC;
    }
    mote_buffer_deinit(&out);
    mote_json_free(&value);
    return status;
}

static mote_status take_all(mote_str answer, mote_tools_result *result, mote_buffer *rest) {
    for (size_t at = 0; at < answer.len;) {
        mote_str from = {answer.data + at, answer.len - at};
        size_t n = from.data[0] == '{' && result->n_calls < MOTE_TOOLS_CALLS ? object_bytes(from) : 0;
        bool is_call = false;
        if (n)
            MOTE_TRY(take_call((mote_str){from.data, n}, result, &is_call));
        if (!is_call)
            MOTE_TRY(mote_buffer_append_char(rest, from.data[0]));
        at += is_call ? n : 1;
    }
    return MOTE_OK;
}

mote_status mote_tools_parse(mote_str answer, mote_tools_result *result, mote_error *err) {
    mote_buffer rest;
    mote_buffer_init(&rest, MOTE_TOOLS_MAX_BYTES);
    mote_status status = take_all(answer, result, &rest);
    mote_str text = mote_buffer_str(&rest);
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    while (text.len && strchr(" \t\r\n", text.data[0])) {
        text.data++;
        text.len--;
    }
    if (status == MOTE_OK && text.len) {
        result->text = mote_mem_alloc(text.len + 1);
        if (result->text) {
            memcpy(result->text, text.data, text.len);
            result->text[text.len] = 0;
        } else {
            status = MOTE_ERR_ALLOC;
        }
    }
    mote_buffer_deinit(&rest);
    return status == MOTE_OK ? MOTE_OK : mote_error_alloc(err, answer.len);
}
