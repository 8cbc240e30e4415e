#include "cli/prompt_cache.h"

#include <sys/stat.h>

int cli_prompt_cache_open(cli_prompt_cache *c, cli_runtime *r, const cli_options *o, const int32_t *prompt, size_t n_prompt) {
    struct stat st;
    mote_error err = {0};
    *c = (cli_prompt_cache){.session = r->session, .path = o->prompt_cache};
    if (!c->path)
        return CLI_DONE;
    bool is_new = stat(c->path, &st) != 0 || (S_ISREG(st.st_mode) && st.st_size == 0);
    mote_status status = is_new ? MOTE_OK : mote_session_restore(r->session, c->path, &err);
    if (status != MOTE_OK)
        return cli_output_fail(cli_output_code(status, false), "--prompt-cache takes another file, or this one once it is removed", "%s", err.message);
    const int32_t *known = mote_session_tokens(r->session);
    size_t n_known = mote_session_n_tokens(r->session), n = 0;
    while (n < n_prompt && n < n_known && known[n] == prompt[n])
        n++;
    c->keeps_answer = o->prompt_cache_all && !o->prompt_cache_ro;
    c->keeps_prompt = n < n_prompt && !o->prompt_cache_ro && !c->keeps_answer;
    return CLI_DONE;
}

static void save(cli_prompt_cache *c) {
    mote_error err = {0};
    mote_status status = mote_session_save(c->session, c->path, &err);
    if (status != MOTE_OK)
        c->code = cli_output_status(status, &err, false);
}

void cli_prompt_cache_prompt_is_done(cli_prompt_cache *c) {
    if (c->keeps_prompt)
        save(c);
    c->keeps_prompt = false;
}

int cli_prompt_cache_answer_is_done(cli_prompt_cache *c) {
    if (c->keeps_prompt || c->keeps_answer) /* without an answer (-n 0) the prompt is still to be kept */
        save(c);
    c->keeps_prompt = c->keeps_answer = false;
    return c->code;
}
