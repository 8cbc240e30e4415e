#include "tasks/tools_private.h"

#include "base/error.h"
#include "formats/json.h"

#include <string.h>

static bool has_any(const mote_json *object, const char *const *keys, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (mote_json_get(object, keys[i]))
            return true;
    return false;
}

/* The schema of a tool's arguments: its own, of objects only, and closed where it lists all. References in it start at itself: it has an "$id". */
static mote_status write_parameters(mote_buffer *out, const mote_json *parameters, size_t index) {
    static const char *const openers[] = {"additionalProperties", "patternProperties", "unevaluatedProperties", "propertyNames", "allOf", "anyOf", "oneOf", "if", "$ref"};
    bool is_first = true;
    MOTE_TRY(mote_buffer_append_char(out, '{'));
    for (mote_json_iter *it = mote_json_first(parameters); it; it = mote_json_next(parameters, it)) {
        MOTE_TRY(mote_buffer_append_text(out, is_first ? "" : ","));
        MOTE_TRY(mote_json_write_string(out, mote_json_iter_key(it)));
        MOTE_TRY(mote_buffer_append_char(out, ':'));
        MOTE_TRY(mote_json_write(out, mote_json_iter_value(it)));
        is_first = false;
    }
    if (!mote_json_get(parameters, "type"))
        MOTE_TRY(mote_buffer_appendf(out, "%s\"type\":\"object\"", is_first ? "" : ","));
    if (!mote_json_get(parameters, "$id") && !mote_json_get(parameters, "id"))
        MOTE_TRY(mote_buffer_appendf(out, ",\"$id\":\"urn:mote:tool:%zu\"", index));
    if (!parameters || (mote_json_get(parameters, "properties") && !has_any(parameters, openers, sizeof openers / sizeof *openers)))
        MOTE_TRY(mote_buffer_append_text(out, ",\"additionalProperties\":false"));
    return mote_buffer_append_char(out, '}');
}

/* The schema is compiled alone first, so that a refusal can name the tool. */
static mote_status check_parameters(mote_str schema, mote_str name, mote_error *err) {
    mote_constraint *alone = NULL;
    mote_status status = mote_constraint_create_schema(schema.data, schema.len, false, &alone, err);
    mote_constraint_free(&alone);
    if (status != MOTE_OK)
        mote_error_prefix(err, "tool '%.*s'", (int)(name.len < 80 ? name.len : 80), name.data);
    return status;
}

static mote_status write_call(mote_buffer *out, const mote_json *function, size_t index, mote_error *err) {
    const mote_json *parameters = mote_json_get(function, "parameters"), *type = mote_json_get(parameters, "type");
    mote_str name = mote_json_string(mote_json_get(function, "name"));
    if (name.len == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tool %zu has no \"name\"", index + 1);
    if (mote_json_typeof(parameters) == MOTE_JSON_NULL)
        parameters = NULL;
    if (parameters && (mote_json_typeof(parameters) != MOTE_JSON_OBJECT || (type && !mote_str_is(mote_json_string(type), "object"))))
        return mote_error_set(err, MOTE_ERR_FORMAT, "tool '%.*s': \"parameters\" is no schema of an object", MOTE_STR_ARGS(name));
    mote_status status = mote_buffer_append_text(out, index ? ",{\"properties\":{\"name\":{\"const\":" : "{\"properties\":{\"name\":{\"const\":");
    if (status == MOTE_OK)
        status = mote_json_write_string(out, name);
    if (status == MOTE_OK)
        status = mote_buffer_append_text(out, "},\"arguments\":");
    size_t begin = out->len;
    if (status == MOTE_OK)
        status = write_parameters(out, parameters, index);
    if (status != MOTE_OK)
        return mote_error_set(err, status, "there is no room for the tools");
    MOTE_TRY(check_parameters((mote_str){out->data + begin, out->len - begin}, name, err));
    status = mote_buffer_append_text(out, "},\"type\":\"object\",\"required\":[\"name\",\"arguments\"],\"additionalProperties\":false}");
    return status == MOTE_OK ? status : mote_error_set(err, status, "there is no room for the tools");
}

static const mote_json *function_at(const mote_json *root, size_t i) {
    const mote_json *tool = mote_json_at(root, i), *inner = mote_json_get(tool, "function");
    return inner ? inner : tool;
}

static mote_status write_tool(mote_buffer *out, const mote_json *function, size_t index) {
    MOTE_TRY(mote_buffer_append_text(out, index ? ",{\"type\":\"function\",\"function\":" : "{\"type\":\"function\",\"function\":"));
    MOTE_TRY(mote_json_write(out, function));
    return mote_buffer_append_char(out, '}');
}

static mote_status read_all(mote_tools_spec *spec, const mote_json *root, mote_buffer *schema, mote_error *err) {
    size_t n = mote_json_length(root);
    if (mote_json_typeof(root) != MOTE_JSON_ARRAY || n == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tools are an array of at least one {\"name\",\"description\",\"parameters\"}");
    mote_status status = mote_buffer_appendf(schema, "{\"type\":\"array\",\"maxItems\":%d,\"items\":{\"anyOf\":[", MOTE_TOOLS_CALLS);
    if (status == MOTE_OK)
        status = mote_buffer_append_char(&spec->json, '[');
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        const mote_json *function = function_at(root, i);
        mote_str name = mote_json_string(mote_json_get(function, "name"));
        for (size_t j = 0; j < i; j++)
            if (mote_str_equal(name, mote_json_string(mote_json_get(function_at(root, j), "name"))))
                return mote_error_set(err, MOTE_ERR_FORMAT, "the tool '%.*s' is there twice", MOTE_STR_ARGS(name));
        MOTE_TRY(write_call(schema, function, i, err));
        status = write_tool(&spec->json, function, i);
    }
    if (status == MOTE_OK)
        status = mote_buffer_append_char(&spec->json, ']');
    if (status == MOTE_OK)
        status = mote_buffer_append_text(schema, "]}}");
    if (status != MOTE_OK)
        return mote_error_set(err, status, "there is no room for the tools");
    return mote_constraint_create_schema(schema->data, schema->len, false, &spec->constraint, err);
}

mote_status mote_tools_spec_read(mote_tools_spec *spec, mote_str json, mote_error *err) {
    mote_json *root = NULL;
    mote_buffer schema;
    *spec = (mote_tools_spec){.constraint = NULL};
    mote_buffer_init(&spec->json, MOTE_TOOLS_MAX_BYTES);
    mote_buffer_init(&schema, MOTE_TOOLS_MAX_BYTES);
    mote_status status = mote_json_parse(json.data, json.len, &root, err);
    if (status == MOTE_OK)
        status = read_all(spec, root, &schema, err);
    mote_buffer_deinit(&schema);
    mote_json_free(&root);
    if (status != MOTE_OK)
        mote_tools_spec_deinit(spec);
    return status;
}

void mote_tools_spec_deinit(mote_tools_spec *spec) {
    mote_buffer_deinit(&spec->json);
    mote_constraint_free(&spec->constraint);
}
