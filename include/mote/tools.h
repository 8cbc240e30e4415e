/*
 * Tool calls: which of some tools a request needs, with arguments that fit their schemas. What comes out is well formed by construction.
 *
 *     status = mote_tools_create(engine, json, json_bytes, NULL, &tools, &err);
 *     status = mote_tools_call(tools, "Weather in Rome?", 16, &result, &err);
 *     ... result.calls[0] is {"name":"weather","arguments":{"city":"Rome"}}
 *     mote_tools_result_deinit(&result);
 *     mote_tools_free(&tools);
 */
#ifndef MOTE_TOOLS_H
#define MOTE_TOOLS_H

#include <mote/constraint.h>
#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MOTE_TOOLS_CALLS = 16 }; /* of one request at most */

typedef struct mote_tools_options {
    size_t size;
    const char *task;  /* NULL: "tools"; a name or folder (<mote/task.h>) of that kind */
    int32_t n_predict; /* tokens of an answer at most; 0: 512. Calls are whole however few these are. */
    bool answers;      /* where no tool fits, the model answers in words */
} mote_tools_options;

#define MOTE_TOOLS_OPTIONS_INIT \
    { sizeof(mote_tools_options), NULL, 0, false }

/* Tools and a session of the engine. One thread; the engine must outlive it. */
typedef struct mote_tools mote_tools;

/* json: an array of {"type":"function","function":{"name","description","parameters"}}, or of these inner objects. "parameters" is a JSON Schema of an object; null or absent: no
 * arguments. Where it lists properties and doesn't say what becomes of others, there are no others. options NULL: the defaults.
 * MOTE_ERR_FORMAT (no such array, a name twice), _UNSUPPORTED (names the tool and the keyword that can't be enforced, or a control token's text in the tools), _LIMIT (no session
 * is free; too many tools), _NOT_FOUND (the task), _TEMPLATE, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_tools_create(mote_engine *engine, const char *json, size_t json_bytes, const mote_tools_options *options, mote_tools **tools,
                                                       mote_error *err);
MOTE_API void mote_tools_free(mote_tools **tools);
/* What every answer is bound to: an array of {"name","arguments"}. Its warnings tell of words in the schemas that no standard defines. Borrowed. */
MOTE_API const mote_constraint *mote_tools_constraint(const mote_tools *tools);

typedef struct mote_tools_result {
    char *calls[MOTE_TOOLS_CALLS]; /* [n_calls] each a JSON object {"name","arguments"}, in the order in which they are to be made */
    size_t n_calls;                /* 0: no tool fits */
    char *text;                    /* the answer in words, where it was asked for and no tool fits; else NULL */
    size_t n_tokens;               /* computed */
} mote_tools_result;

/* MOTE_ERR_CONTEXT (tools and prompt don't fit), _LIMIT (n_predict is below what a call takes), _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_tools_call(mote_tools *tools, const char *prompt, size_t prompt_bytes, mote_tools_result *result, mote_error *err);
MOTE_API void mote_tools_result_deinit(mote_tools_result *result);

#ifdef __cplusplus
}
#endif

#endif
