/*
 * Chat templates: the Jinja that models carry, interpreted with limits on output, steps and depth; nothing is reachable but the given variables.
 * The result equals, byte for byte, what Jinja's immutable sandbox gives as transformers sets it up.
 *
 *     mote_template *t;
 *     status = mote_template_parse(source, strlen(source), &t, &err);
 *     status = mote_template_render(t, "{\"messages\":[...],\"add_generation_prompt\":true}", n, &text, &n_text, &err);
 */
#ifndef MOTE_TEMPLATE_H
#define MOTE_TEMPLATE_H

#include <mote/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_template mote_template;

/* Parses a template (UTF-8). MOTE_ERR_FORMAT with the line of a syntax error, _UNSUPPORTED, _LIMIT (size, nesting), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_template_parse(const char *source, size_t source_bytes, mote_template **tmpl, mote_error *err);
MOTE_API void mote_template_free(mote_template **tmpl);

/* Renders with the variables of a JSON object: "messages", "tools" and "documents" (null where absent), "add_generation_prompt" (false where absent),
 * "now" (an ISO date and time for strftime_now; the local clock where absent), any other key is a variable of that name.
 * *text is NUL-terminated, free with mote_free. MOTE_ERR_TEMPLATE (raise_exception: its text is the message), _FORMAT (wrong types, undefined values,
 * malformed JSON), _LIMIT (steps, depth, output, time), _ALLOC. A failed rendering leaves the template as it was. */
MOTE_API MOTE_MUST_CHECK mote_status mote_template_render(const mote_template *tmpl, const char *variables_json, size_t json_bytes, char **text, size_t *text_bytes,
                                                          mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
