/* `mote eval task KIND --data FOLDER`: a task's score on a data set. */
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/runtime.h"

#include <string.h>

enum { TASK_SESSIONS = 2 }; /* what any task takes */

int cli_eval_task(const cli_options *o) {
    cli_runtime runtime = {0};
    mote_error err = {0};
    char *json = NULL;
    if (!o->data)
        return cli_output_fail(CLI_USAGE, "usage: mote eval task KIND --data FOLDER", "eval task: --data is missing");
    cli_options own = *o;
    own.n_sessions = TASK_SESSIONS;
    int code = cli_runtime_open(&runtime, &own);
    if (code == CLI_DONE) {
        mote_session_free(&runtime.session); /* the task makes its own */
        mote_task_eval_options options = MOTE_TASK_EVAL_OPTIONS_INIT;
        cli_progress progress;
        cli_progress_begin(&progress, o);
        options.kind = o->arguments.items[0];
        options.task = o->task;
        options.folder = o->data;
        options.n_items = (size_t)o->n_items;
        options.n_shots = o->n_shots < 0 ? MOTE_TASK_SHOTS_AUTO : (size_t)o->n_shots;
        options.beside_generation = o->beside_generation;
        options.progress = cli_progress_step;
        options.progress_context = &progress;
        mote_status status = mote_task_eval(runtime.engine, &options, &json, &err);
        cli_progress_end(&progress);
        if (status != MOTE_OK)
            code = cli_output_status(status, &err, false);
    }
    if (code == CLI_DONE) {
        cli_output_bytes(json, strlen(json));
        cli_output_bytes("\n", 1);
    }
    mote_free(json);
    cli_runtime_close(&runtime);
    return code;
}
