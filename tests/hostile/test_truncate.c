/* A model file is cut while the program has it mapped: an error that names the file, exit code 1, the terminal as it was, nothing half-written.
 *
 * The program is stopped as soon as the file is among its mappings, the file is cut behind its header, and the program goes on. A run that was faster than that is repeated. */
#include "formats/gguf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
    WIDTH = 1024,
    N_FF = 32768, /* three matrices of 33 MiB: loading takes long enough to be caught */
    N_VOCAB = 64,
    HEADER_BYTES = 4096,
    TRIES = 40,
    PATH_BYTES = 4096
};

static char folder[64], model[128], output[128];

static const struct {
    const char *name;
    uint64_t columns, rows;
    mote_dtype type;
} tensors[] = {
    {"token_embd.weight", WIDTH, N_VOCAB, MOTE_DTYPE_Q8_0},      {"output_norm.weight", WIDTH, 0, MOTE_DTYPE_F32},       {"blk.0.attn_norm.weight", WIDTH, 0, MOTE_DTYPE_F32},
    {"blk.0.attn_q.weight", WIDTH, WIDTH, MOTE_DTYPE_Q8_0},      {"blk.0.attn_k.weight", WIDTH, WIDTH, MOTE_DTYPE_Q8_0}, {"blk.0.attn_v.weight", WIDTH, WIDTH, MOTE_DTYPE_Q8_0},
    {"blk.0.attn_output.weight", WIDTH, WIDTH, MOTE_DTYPE_Q8_0}, {"blk.0.ffn_norm.weight", WIDTH, 0, MOTE_DTYPE_F32},    {"blk.0.ffn_gate.weight", WIDTH, N_FF, MOTE_DTYPE_Q8_0},
    {"blk.0.ffn_up.weight", WIDTH, N_FF, MOTE_DTYPE_Q8_0},       {"blk.0.ffn_down.weight", N_FF, WIDTH, MOTE_DTYPE_Q8_0}};
enum { N_TENSORS = sizeof tensors / sizeof *tensors };

/* A Llama of one layer, all weights zero, with 64 tokens of one letter. */
static void write_model(void) {
    static const struct {
        const char *key;
        uint32_t value;
    } numbers[] = {{"llama.block_count", 1},           {"llama.context_length", 64},         {"llama.embedding_length", WIDTH}, {"llama.feed_forward_length", N_FF},
                   {"llama.attention.head_count", 16}, {"llama.attention.head_count_kv", 16}};
    mote_gguf_writer *w = NULL;
    mote_str tokens[N_VOCAB];
    static char letters[N_VOCAB];
    float scores[N_VOCAB] = {0};
    for (int i = 0; i < N_VOCAB; i++) {
        letters[i] = (char)(' ' + i);
        tokens[i] = (mote_str){&letters[i], 1};
    }
    assert_int_equal(mote_gguf_writer_create(model, &w, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "general.architecture", MOTE_STR("llama"), NULL), MOTE_OK);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(mote_gguf_writer_u32(w, numbers[i].key, numbers[i].value, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_string(w, "tokenizer.ggml.model", MOTE_STR("llama"), NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_strings(w, "tokenizer.ggml.tokens", tokens, N_VOCAB, NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_array(w, "tokenizer.ggml.scores", MOTE_GGUF_F32, scores, N_VOCAB, NULL), MOTE_OK);
    for (size_t i = 0; i < N_TENSORS; i++) {
        uint64_t dims[2] = {tensors[i].columns, tensors[i].rows};
        assert_int_equal(mote_gguf_writer_tensor(w, mote_str_of(tensors[i].name), tensors[i].type, dims[1] ? 2 : 1, dims, NULL), MOTE_OK);
    }
    assert_int_equal(mote_gguf_writer_begin_data(w, NULL), MOTE_OK);
    static const uint8_t zeros[N_FF * 4];
    for (size_t i = 0; i < N_TENSORS; i++)
        for (uint64_t r = 0; r < (tensors[i].rows ? tensors[i].rows : 1); r++)
            assert_int_equal(mote_gguf_writer_data(w, zeros, mote_dtype_row_bytes(tensors[i].type, tensors[i].columns), NULL), MOTE_OK);
    assert_int_equal(mote_gguf_writer_finish(&w, NULL), MOTE_OK);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-truncate-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(model, sizeof model, "%s/large.gguf", folder);
    snprintf(output, sizeof output, "%s/out.gguf", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(model);
    unlink(output);
    return rmdir(folder); /* fails when anything else was left there */
}

static bool maps_model(pid_t child) {
    char path[64], line[PATH_BYTES];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)child);
    FILE *f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof line, f))
        found = strstr(line, model) != NULL;
    if (f)
        fclose(f);
    return found;
}

/* Cuts the file under the running program; false when it had let go of it before. */
static bool cut(pid_t child) {
    int status;
    while (!maps_model(child))
        if (waitpid(child, &status, WNOHANG | WNOWAIT) == child)
            return false;
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    bool caught = WIFSTOPPED(status) && maps_model(child);
    if (caught)
        assert_int_equal(truncate(model, HEADER_BYTES), 0);
    kill(child, SIGCONT);
    return caught;
}

/* Runs the program until the file could be cut under it; its exit code, and what it said. */
static int run_and_cut(char *const *arguments, char said[2 * PATH_BYTES]) {
    for (int i = 0; i < TRIES; i++) {
        int ends[2], status = 0;
        write_model();
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
            dup2(ends[1], STDOUT_FILENO);
            dup2(ends[1], STDERR_FILENO);
            close(ends[0]);
            execv(arguments[0], arguments);
            _exit(99);
        }
        close(ends[1]);
        bool caught = cut(child);
        size_t n = 0;
        for (ssize_t got; n < 2 * PATH_BYTES - 1 && (got = read(ends[0], said + n, 2 * PATH_BYTES - 1 - n)) > 0;)
            n += (size_t)got;
        said[n] = 0;
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        unlink(model);
        if (caught && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        unlink(output); /* all was read before the cut: again */
    }
    skip();
    return 0;
}

static void check_said(const char *said) {
    if (!strstr(said, "large.gguf: the file changed while it was in use"))
        fail_msg("the program said: %s", said);
}

static void loading_says_that_the_file_changed(void **state) {
    (void)state;
    char said[2 * PATH_BYTES];
    char *const arguments[] = {getenv("MOTE_PROGRAM"), (char[]){"run"}, (char[]){"-m"}, model, (char[]){"--raw"}, (char[]){"A"}, (char[]){"-n"}, (char[]){"1"}, NULL};
    assert_int_equal(run_and_cut(arguments, said), 1);
    check_said(said);
}

static void quantising_leaves_nothing(void **state) {
    (void)state;
    char said[2 * PATH_BYTES];
    char *const arguments[] = {getenv("MOTE_PROGRAM"), (char[]){"quantize"}, model, output, (char[]){"q4_0"}, NULL};
    assert_int_equal(run_and_cut(arguments, said), 1);
    check_said(said);
    assert_int_not_equal(access(output, F_OK), 0);
}

/* On a terminal of its own, which is made raw while the program is stopped, as an editor of lines would leave it. */
static void the_terminal_is_put_right(void **state) {
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        struct termios before, raw, after;
        int terminal, status = 0;
        char said[PATH_BYTES];
        size_t n = 0;
        write_model();
        pid_t child = forkpty(&terminal, NULL, NULL, NULL);
        if (child == 0) {
            char *const arguments[] = {getenv("MOTE_PROGRAM"), (char[]){"run"}, (char[]){"-m"}, model, (char[]){"--raw"}, (char[]){"A"}, (char[]){"-n"}, (char[]){"1"}, NULL};
            execv(arguments[0], arguments);
            _exit(99);
        }
        assert_true(child > 0);
        assert_int_equal(tcgetattr(terminal, &before), 0);
        while (!maps_model(child) && waitpid(child, &status, WNOHANG | WNOWAIT) != child) {
        }
        raw = before;
        cfmakeraw(&raw);
        assert_int_equal(tcsetattr(terminal, TCSANOW, &raw), 0);
        bool caught = cut(child);
        for (ssize_t got; n < sizeof said - 1 && (got = read(terminal, said + n, sizeof said - 1 - n)) > 0;)
            n += (size_t)got;
        said[n] = 0;
        assert_int_equal(tcgetattr(terminal, &after), 0);
        waitpid(child, &status, 0);
        close(terminal);
        unlink(model);
        if (!caught || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
            continue;
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        check_said(said);
        assert_int_equal(after.c_lflag, before.c_lflag);
        assert_int_equal(after.c_iflag, before.c_iflag);
        return;
    }
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loading_says_that_the_file_changed, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(quantising_leaves_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_terminal_is_put_right, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
