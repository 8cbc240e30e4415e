/* `mote check`: reads a file completely and says what is wrong with it, without loading weights. */
#include <mote/check.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/json.h"
#include "formats/panels.h"
#include "model/adapter.h"
#include "model/source.h"

#include <mote/constraint.h>
#include <mote/template.h>

enum { MAX_TEXT_BYTES = 4 << 20 };

static mote_status check_model(const char *path, mote_error *err) {
    mote_source s;
    MOTE_TRY(mote_source_open(path, MOTE_SOURCE_ALL, &s, err));
    mote_weights_plan plan = {0};
    mote_weights_source source = mote_source_weights(&s);
    mote_status status = mote_weights_plan_create(&source, &s.h, (mote_weights_type){0}, &plan, err);
    mote_weights_plan_free(&plan);
    mote_source_close(&s);
    return status;
}

static mote_status check_vocabulary(const char *path, mote_error *err) {
    mote_source s;
    MOTE_TRY(mote_source_open(path, MOTE_SOURCE_VOCABULARY, &s, err));
    mote_source_close(&s);
    return MOTE_OK;
}

/* A GGUF that is open already, or g NULL and a path in PEFT's form. */
static mote_status check_adapter(const mote_gguf *g, const char *path, const char *base, mote_error *err) {
    mote_source s;
    mote_status status = base ? mote_source_open(base, MOTE_SOURCE_ALL, &s, err) : MOTE_OK;
    if (status != MOTE_OK) {
        mote_error_prefix(err, "base");
        return status;
    }
    status = g ? mote_adapter_check(g, base ? &s : NULL, err) : mote_adapter_check_path(path, base ? &s : NULL, err);
    if (base)
        mote_source_close(&s);
    return status;
}

static mote_status check_gguf(const char *path, const char *base, mote_error *err) {
    mote_gguf *g = NULL;
    MOTE_TRY(mote_gguf_open(path, &g, err));
    mote_str type = {0}, architecture = {0};
    bool is_vocabulary = mote_gguf_n_tensors(g) == 0;
    mote_status status;
    MOTE_TRY_DONE(mote_gguf_get_string(g, "general.type", false, &type, err));
    MOTE_TRY_DONE(mote_gguf_get_string(g, "general.architecture", true, &architecture, err));
    if (mote_str_is(type, "adapter"))
        status = check_adapter(g, path, base, err);
    else if (mote_str_is(architecture, "controlvector"))
        status = mote_adapter_check_control_vector(g, err);
    else {
        mote_gguf_close(&g);
        status = is_vocabulary ? check_vocabulary(path, err) : check_model(path, err);
    }
done:
    mote_gguf_close(&g);
    return status;
}

static mote_status check_safetensors(const char *path, mote_error *err) {
    mote_safetensors *st = NULL;
    MOTE_TRY(mote_safetensors_open(path, &st, err));
    mote_safetensors_close(&st);
    return MOTE_OK;
}

static mote_status check_json(const char *path, mote_error *err) {
    mote_json *root = NULL;
    MOTE_TRY(mote_json_read(path, &root, err));
    mote_json_free(&root);
    return MOTE_OK;
}

static mote_status check_template(const char *path, mote_error *err) {
    mote_buffer text;
    mote_buffer_init(&text, MAX_TEXT_BYTES);
    mote_template *t = NULL;
    mote_status status = mote_file_read(path, &text, err);
    if (status == MOTE_OK)
        status = mote_template_parse(text.data ? text.data : "", text.len, &t, err);
    mote_template_free(&t);
    mote_buffer_deinit(&text);
    return status;
}

static mote_status check_constraint(const char *path, bool is_schema, mote_error *err) {
    mote_buffer text;
    mote_buffer_init(&text, MAX_TEXT_BYTES);
    mote_constraint *c = NULL;
    mote_status status = mote_file_read(path, &text, err);
    if (status == MOTE_OK)
        status = is_schema ? mote_constraint_create_schema(mote_buffer_str(&text).data, text.len, false, &c, err)
                           : mote_constraint_create_grammar(mote_buffer_str(&text).data, text.len, &c, err);
    mote_constraint_free(&c);
    mote_buffer_deinit(&text);
    return status;
}

static const char *kind_of_name(const char *path) {
    static const struct {
        const char *ending, *kind;
    } ENDINGS[] = {{".gguf", "gguf"}, {".safetensors", "safetensors"}, {".json", "json"}, {".jinja", "template"}, {".j2", "template"}, {".panels", "panels"}, {".gbnf", "grammar"}};
    mote_str name = mote_str_of(path);
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
        if (mote_str_ends(name, mote_str_of(ENDINGS[i].ending)))
            return ENDINGS[i].kind;
    return NULL;
}

mote_status mote_check_file(const char *path, const char *kind, const char *base, mote_error *err) {
    bool is_adapter = mote_adapter_source_is_peft(path);
    if (!kind && mote_file_is_directory(path))
        return is_adapter ? check_adapter(NULL, path, base, err) : check_model(path, err);
    if (!kind && !(kind = kind_of_name(path)))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: its name doesn't tell what it is; say --kind", path);
    if (strcmp(kind, "gguf") == 0)
        return check_gguf(path, base, err);
    if (strcmp(kind, "safetensors") == 0)
        return is_adapter ? check_adapter(NULL, path, base, err) : check_safetensors(path, err);
    if (strcmp(kind, "panels") == 0)
        return mote_panels_check(path, err);
    if (strcmp(kind, "json") == 0)
        return check_json(path, err);
    if (strcmp(kind, "template") == 0 || strcmp(kind, "jinja") == 0)
        return check_template(path, err);
    if (strcmp(kind, "grammar") == 0 || strcmp(kind, "schema") == 0)
        return check_constraint(path, kind[0] == 's', err);
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "kind '%s' can't be checked yet", kind);
}
