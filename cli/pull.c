/* `mote pull`: installs a model from a file or folder, or fetches one from a hub. */
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/writer.h"

#include <string.h>
#include <unistd.h>

static bool is_sha256(const char *text) {
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static void print_result(const char *name, const char *path) {
    cli_writer w;
    cli_writer_init(&w, stdout);
    cli_writer_open(&w, '{');
    cli_writer_key(&w, "name");
    cli_writer_text(&w, name);
    if (path) {
        cli_writer_key(&w, "path");
        cli_writer_text(&w, path);
    }
    cli_writer_close(&w, '}');
    cli_writer_finish(&w);
}

static int import(const cli_options *o, const char *source, const char *name) {
    mote_error err = {0};
    cli_progress progress;
    cli_progress_begin(&progress, o);
    mote_status status = mote_store_import(source, name, o->sha256, cli_progress_step, &progress, &err);
    cli_progress_end(&progress);
    if (status == MOTE_ERR_NOT_FOUND)
        return cli_output_fail(CLI_FAILED, "pull takes a file, a folder or user/repo[:QUANT]; tools/get-model NAME downloads a known model", "%s", err.message);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, o->name != NULL);
    if (o->json)
        print_result(name, NULL);
    else
        cli_output_notice(o, "installed %s as %s", source, name);
    return CLI_DONE;
}

static int import_path(const cli_options *o, const char *source) {
    mote_error err = {0};
    char *own_name = NULL;
    if (!o->name) {
        mote_status named = mote_store_name_of(source, &own_name, &err);
        if (named != MOTE_OK)
            return cli_output_fail(CLI_FAILED, "--name NAME gives one", "%s", err.message);
    }
    int code = import(o, source, o->name ? o->name : own_name);
    mote_free(own_name);
    return code;
}

static int download(const cli_options *o, const char *source) {
    mote_error err = {0};
    mote_pull_result got;
    mote_pull_options options = MOTE_PULL_OPTIONS_INIT;
    char size[32];
    cli_progress progress;
    if (o->name)
        return cli_output_fail(CLI_USAGE, "it is used as `mote run -m user/repo:QUANT`", "pull: --name is for files and folders; %s keeps its name", source);
    options.sha256_hex = o->sha256;
    options.mem_max_bytes = o->mem_max_bytes;
    options.progress = cli_progress_step;
    options.progress_context = &progress;
    cli_progress_begin(&progress, o);
    mote_status status = mote_store_pull(source, &options, &got, &err);
    cli_progress_end(&progress);
    if (status == MOTE_ERR_CANCELLED)
        return cli_output_fail(CLI_INTERRUPTED, "the same command goes on from there", "interrupted");
    if (status == MOTE_ERR_BUDGET)
        return cli_output_fail(CLI_REFUSED, "a smaller QUANT needs less; --mem-max SIZE tells of another machine's memory", "%s", err.message);
    if (status != MOTE_OK)
        return cli_output_status(status, &err, false);
    if (o->json)
        print_result(got.name, got.path);
    else
        cli_output_notice(o, "%s is here: %s, %s", got.name, cli_output_size(got.n_bytes, size), got.path);
    mote_pull_result_deinit(&got);
    return CLI_DONE;
}

int cli_pull(const cli_options *o) {
    const char *source = o->arguments.items[0];
    if (o->sha256 && !is_sha256(o->sha256))
        return cli_output_fail(CLI_USAGE, NULL, "pull: --sha256 takes 64 hexadecimal digits");
    bool is_here = access(source, F_OK) == 0;
    return !is_here && mote_store_is_hub_name(source) ? download(o, source) : import_path(o, source);
}
