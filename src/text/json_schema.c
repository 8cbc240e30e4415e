/* From the text to the schema: parse, walk, work out, settle. */
#include "text/json_schema.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "text/json_schema_document.h"
#include "text/json_schema_keywords.h"
#include "text/json_schema_settled.h"

enum { MAX_TEXT_BYTES = 4 << 20, WORK = 900000 /* some tens of milliseconds */ };
static const size_t MAX_BYTES = (size_t)28 << 20; /* of the arena; automata of expressions take some more for a moment */

/* Everything, nothing, and the nodes for them. */
static bool begin(mote_schema_compiler *c) {
    mote_error err = {0};
    mote_shape_set *everything = mote_schema_alloc(c, 1, sizeof *everything), *nothing = mote_schema_alloc(c, 1, sizeof *nothing);
    mote_number_shape *number = mote_schema_alloc(c, 1, sizeof *number), *integer = mote_schema_alloc(c, 1, sizeof *integer);
    mote_decimal *one = mote_schema_alloc(c, 1, sizeof *one);
    mote_string_shape *string = mote_schema_alloc(c, 1, sizeof *string);
    mote_array_shape *array = mote_schema_alloc(c, 1, sizeof *array);
    mote_object_shape *object = mote_schema_alloc(c, 1, sizeof *object);
    mote_status status = object ? mote_dfa_any(c->arena, &c->any_text, &err) : MOTE_OK;
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "%s", err.message);
    if (c->status != MOTE_OK)
        return false;
    c->always = mote_shape_node_of(c, MOTE_LITERAL_SCHEMA, NULL);
    c->never = mote_shape_node_of(c, MOTE_LITERAL_NEVER, NULL);
    *one = (mote_decimal){.exp = 1, .n = 1, .digit = {1}};
    *integer = (mote_number_shape){.n_multiples = 1, .multiples = one};
    *string = (mote_string_shape){c->any_text, 0, MOTE_SHAPE_NO_MAX};
    *array = (mote_array_shape){.rest = c->always, .max = MOTE_SHAPE_NO_MAX};
    *object = (mote_object_shape){.max = MOTE_SHAPE_NO_MAX};
    c->integer = integer;
    c->nothing = nothing;
    everything->null = everything->no = everything->yes = true;
    mote_shape_list_add(c, &everything->of[MOTE_SHAPE_NUMBER], number);
    mote_shape_list_add(c, &everything->of[MOTE_SHAPE_STRING], string);
    mote_shape_list_add(c, &everything->of[MOTE_SHAPE_ARRAY], array);
    mote_shape_list_add(c, &everything->of[MOTE_SHAPE_OBJECT], object);
    c->everything = everything;
    return c->status == MOTE_OK;
}

static mote_status compile(mote_json_schema *schema, const mote_json *root, bool strict, mote_error *err) {
    mote_schema_document document = {.strict = strict};
    mote_schema_compiler c = {.arena = &schema->arena, .err = err, .work = WORK, .where = "schema", .document = &document};
    if (!begin(&c))
        return c.status;
    mote_schema_open(&c, root);
    if (document.unmarked_integers) {
        mote_number_shape *integer = mote_schema_alloc(&c, 1, sizeof *integer);
        if (integer) {
            *integer = *c.integer;
            integer->unmarked = true;
            c.integer = integer;
        }
    }
    c.where = "schema";
    const mote_shape_node *node = mote_schema_node(&c, root);
    if (c.status == MOTE_OK)
        mote_schema_settle(&c, schema, node);
    schema->warnings = document.warnings;
    schema->n_warnings = document.n_warnings;
    return c.status;
}

mote_status mote_json_schema_compile(mote_str text, bool strict, mote_json_schema **schema, mote_error *err) {
    mote_json *root = NULL;
    *schema = NULL;
    if (text.len > MAX_TEXT_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "a schema of %zu bytes; at most %d", text.len, MAX_TEXT_BYTES);
    mote_status status = mote_json_parse(text.data, text.len, &root, err);
    if (status != MOTE_OK)
        return status;
    mote_json_schema *own = mote_mem_zalloc_array(1, sizeof *own);
    if (own) {
        mote_arena_init(&own->arena, MAX_BYTES);
        status = compile(own, root, strict, err);
    } else
        status = mote_error_alloc(err, sizeof *own);
    if (status == MOTE_OK) {
        own->document = root; /* names and patterns point into it */
        *schema = own;
        return MOTE_OK;
    }
    mote_json_schema_free(own);
    mote_json_free(&root);
    return status;
}

void mote_json_schema_free(mote_json_schema *schema) {
    if (!schema)
        return;
    mote_arena_deinit(&schema->arena);
    mote_json_free(&schema->document);
    mote_mem_free(schema);
}

size_t mote_json_schema_n_warnings(const mote_json_schema *schema) {
    return schema->n_warnings;
}

const char *mote_json_schema_warning(const mote_json_schema *schema, size_t i) {
    return i < schema->n_warnings ? schema->warnings[i] : NULL;
}
