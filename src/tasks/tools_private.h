/* The parts of tool calls: what tools there are, and what an answer says. */
#ifndef MOTE_TASKS_TOOLS_PRIVATE_H
#define MOTE_TASKS_TOOLS_PRIVATE_H

#include "base/buffer.h"

#include <mote/tools.h>

enum { MOTE_TOOLS_MAX_BYTES = 16 << 20 };

typedef struct mote_tools_spec {
    mote_buffer json;            /* as chat templates take them: [{"type":"function","function":{…}}] */
    mote_constraint *constraint; /* of an array of calls */
} mote_tools_spec;

/* Tools in either form (<mote/tools.h>). MOTE_ERR_FORMAT, _UNSUPPORTED, _LIMIT, _ALLOC. On failure there is nothing to free. */
MOTE_MUST_CHECK mote_status mote_tools_spec_read(mote_tools_spec *spec, mote_str json, mote_error *err);
void mote_tools_spec_deinit(mote_tools_spec *spec);

/* Reads an answer of any form into the result's calls and text: a call is a JSON object with a text "name" and an object "arguments" (or "parameters", as Llama 3 writes it),
 * wherever it stands; text is the rest without white space around it, NULL if that is nothing. Calls past MOTE_TOOLS_CALLS stay text. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_tools_parse(mote_str answer, mote_tools_result *result, mote_error *err);

/* As mote_tools_call with the same prompt and without a constraint: whatever the model writes, parsed. For measuring what the constraint does. */
MOTE_MUST_CHECK mote_status mote_tools_call_freely(mote_tools *tools, mote_str prompt, mote_tools_result *result, mote_error *err);

#endif
