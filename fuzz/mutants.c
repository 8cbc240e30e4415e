/* Runs structure-aware mutants of valid files through the library: none may crash it, hang it, leak, or make a sanitizer speak; a refusal comes within a second and 64 MiB; what is
 * accepted runs and quantises. See docs/fuzzing.md.
 *
 * Mutant n of seed s is always the same. The mutants run in a child process that says in shared memory which one it is at; when it dies or stops moving, the parent says which one
 * that was and goes on behind it. */
#include "fuzz/mutants.h"
#include "fuzz/heap_gauge.h"
#include "fuzz/mutate_gguf.h"
#include "fuzz/mutate_json.h"
#include "fuzz/mutate_protobuf.h"
#include "fuzz/mutate_safetensors.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_BYTES = 4096,
    MAX_MUTANT_BYTES = 16 << 20, /* longer ones are cut: reading a file takes memory for it */
    MAX_FAILURES = 20,
    LEAK_CHECK_EVERY = 500 /* mutants: it stops the process for some 20 ms */
};
static const double reject_seconds = 1.0; /* of processor time */
static const size_t reject_bytes = 64 << 20;

typedef struct settings {
    uint64_t seed, n, first;
    double hang_seconds;
    const char *keep; /* a folder that gets the mutants that fail; NULL: none */
    const char *source;
    bool only, verbose;
} settings;

/* Shared between the processes. */
typedef struct board {
    _Atomic uint64_t at; /* the mutant that is running */
    _Atomic uint64_t n_rejected, n_accepted, n_ran, n_quantised, n_same, n_failed;
    char phase[64];
} board;

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static mutate_fn mutator_of(const char *path) {
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".gguf") == 0)
        return mutate_gguf;
    if (dot && strcmp(dot, ".safetensors") == 0)
        return mutate_safetensors;
    return dot && strcmp(dot, ".json") == 0 ? mutate_json : mutate_protobuf;
}

static bool write_file(const char *path, const mote_buffer *data) {
    unlink(path);
    FILE *f = fopen(path, "wb");
    bool ok = f && (data->len == 0 || fwrite(data->data, 1, data->len, f) == data->len);
    return f && fclose(f) == 0 && ok;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(const char *path) {
    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A folder with links to what stands beside the base, but for the base itself. Made once a base. */
static bool link_siblings(const mutants_base *b, const char *folder) {
    char from[PATH_BYTES], to[PATH_BYTES];
    if (mkdir(folder, 0700) != 0)
        return errno == EEXIST;
    snprintf(from, sizeof from, "%.*s", (int)(name_of(b->path) - b->path), b->path);
    DIR *dir = opendir(from[0] ? from : ".");
    char *whole = realpath(from[0] ? from : ".", NULL);
    bool ok = dir && whole;
    for (struct dirent *e; ok && (e = readdir(dir));) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, name_of(b->path)) == 0)
            continue;
        snprintf(from, sizeof from, "%.2000s/%.255s", whole, e->d_name);
        snprintf(to, sizeof to, "%.2000s/%.255s", folder, e->d_name);
        ok = symlink(from, to) == 0;
    }
    free(whole);
    if (dir)
        closedir(dir);
    return ok;
}

static bool is_in_folder(const mutants_base *b) {
    return strcmp(b->kind, "folder") == 0 || (strcmp(b->kind, "gguf") != 0 && strcmp(b->kind, "safetensors") != 0 && mutator_of(b->path) != mutate_gguf);
}

/* Mutant `n` of base `b` as a file: *path is what is opened, *file what was written. */
static bool make_mutant(const settings *s, const mutants_base *b, size_t index, uint64_t n, const char *scratch, mote_buffer *out, char path[PATH_BYTES], char file[PATH_BYTES]) {
    mutate m;
    mutate_init(&m, s->seed * 0x9e3779b97f4a7c15u + n);
    mote_buffer_clear(out);
    bool ok = mutator_of(b->path)(&m, (mutate_span){b->data, b->n_bytes}, out);
    mutate_deinit(&m);
    if (!ok)
        return false;
    if (is_in_folder(b)) {
        snprintf(path, PATH_BYTES, "%.2000s/mutant-%zu", scratch, index);
        snprintf(file, PATH_BYTES, "%.2000s/mutant-%zu/%.255s", scratch, index, name_of(b->path));
        return link_siblings(b, path) && write_file(file, out);
    }
    snprintf(path, PATH_BYTES, "%.2000s/mutant%.20s", scratch, strrchr(b->path, '.') ? strrchr(b->path, '.') : "");
    snprintf(file, PATH_BYTES, "%s", path);
    return write_file(path, out);
}

static void keep_mutant(const settings *s, const mutants_base *b, uint64_t n, const mote_buffer *data) {
    char path[PATH_BYTES];
    if (!s->keep)
        return;
    (void)mkdir(s->keep, 0700);
    snprintf(path, sizeof path, "%.2000s/%llu-%.255s", s->keep, (unsigned long long)n, name_of(b->path));
    if (write_file(path, data))
        printf("  kept as %s\n", path);
}

static void tell(const settings *s, const mutants_base *b, uint64_t n, const char *what) {
    printf("mutant %llu of %s:%s%s%s: %s\n  again: --seed %llu --first %llu --only %s:%s%s%s\n", (unsigned long long)n, b->kind, b->path, b->model ? ":" : "",
           b->model ? b->model : "", what, (unsigned long long)s->seed, (unsigned long long)n, b->kind, b->path, b->model ? ":" : "", b->model ? b->model : "");
    fflush(stdout);
}

/* One mutant in the child. */
static void run_one(const settings *s, const mutants_bases *bases, uint64_t n, const char *scratch, mote_buffer *data, board *shared) {
    size_t index = n % bases->n;
    const mutants_base *b = &bases->items[s->only ? index = 0 : index];
    char path[PATH_BYTES], file[PATH_BYTES], why[256] = "";
    mutants_report report = {.phase = shared->phase, .phase_bytes = sizeof shared->phase};
    snprintf(shared->phase, sizeof shared->phase, "mutate");
    if (!make_mutant(s, b, index, n, scratch, data, path, file)) {
        shared->n_failed++;
        tell(s, b, n, "cannot be made");
        return;
    }
    shared->n_same += data->len == b->n_bytes && memcmp(data->data, b->data, b->n_bytes) == 0;
    if (s->only)
        keep_mutant(s, b, n, data);
    heap_gauge_reset();
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    mutants_outcome outcome = mutants_use(b->kind, path, b->model, scratch, n, &report);
    double seconds = now(CLOCK_PROCESS_CPUTIME_ID) - start;
    size_t peak = heap_gauge_peak_bytes();
    if (outcome == MUTANTS_REJECTED && seconds > reject_seconds)
        snprintf(why, sizeof why, "refused only after %.1f s", seconds);
    else if (outcome == MUTANTS_REJECTED && peak > reject_bytes)
        snprintf(why, sizeof why, "refused with %.1f MiB taken", (double)peak / 1048576);
    else if (outcome == MUTANTS_WRONG)
        snprintf(why, sizeof why, "%.250s", report.message);
    if (s->verbose || s->only)
        printf("%llu %s %s: %s (%.3f s, %.1f MiB)\n", (unsigned long long)n, b->path, outcome == MUTANTS_REJECTED ? "refused" : "accepted", report.message, seconds,
               (double)peak / 1048576);
    shared->n_rejected += outcome == MUTANTS_REJECTED;
    shared->n_accepted += outcome == MUTANTS_ACCEPTED;
    shared->n_ran += report.ran;
    shared->n_quantised += report.quantised;
    if (why[0]) {
        shared->n_failed++;
        tell(s, b, n, why);
        if (!s->only)
            keep_mutant(s, b, n, data);
    }
    unlink(file);
}

static int run_child(const settings *s, const mutants_bases *bases, uint64_t first, const char *scratch, board *shared) {
    mote_buffer data;
    mote_buffer_init(&data, MAX_MUTANT_BYTES);
    heap_gauge_install();
    int code = 0;
    for (uint64_t n = first; n < s->first + s->n && code == 0; n++) {
        shared->at = n;
        run_one(s, bases, n, scratch, &data, shared);
        if (((n + 1) % LEAK_CHECK_EVERY == 0 || n + 1 == s->first + s->n) && heap_gauge_leaks()) {
            printf("memory is lost in one of the mutants up to %llu\n", (unsigned long long)n);
            shared->n_failed++;
        }
    }
    mote_buffer_deinit(&data);
    fflush(stdout);
    return code;
}

/* Waits for the child; false when it had to be killed because it did not move. */
static bool watch(pid_t child, const settings *s, board *shared, int *status) {
    uint64_t at = UINT64_MAX;
    double since = now(CLOCK_MONOTONIC);
    for (;;) {
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        if (shared->at != at) {
            at = shared->at;
            since = now(CLOCK_MONOTONIC);
        } else if (now(CLOCK_MONOTONIC) - since > s->hang_seconds) {
            kill(child, SIGKILL);
            waitpid(child, status, 0);
            return false;
        }
        usleep(20000);
    }
}

static int run_all(const settings *s, const mutants_bases *bases, const char *scratch) {
    board *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    double start = now(CLOCK_MONOTONIC);
    for (uint64_t first = s->first; first < s->first + s->n && shared->n_failed < MAX_FAILURES;) {
        char what[160];
        int status = 0;
        shared->at = first;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            int code = run_child(s, bases, first, scratch, shared);
            exit(code);
        }
        bool moved = child > 0 && watch(child, s, shared, &status);
        if (moved && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        if (!moved)
            snprintf(what, sizeof what, "hangs in: %s", shared->phase);
        else
            snprintf(what, sizeof what, "dies (%s %d) in: %s", WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                     shared->phase);
        shared->n_failed++;
        tell(s, &bases->items[s->only ? 0 : shared->at % bases->n], shared->at, what);
        first = shared->at + 1;
    }
    printf("%llu mutants of %zu files: %llu refused, %llu accepted (%llu ran, %llu quantised), %llu unchanged, %llu failures; %.0f s\n",
           (unsigned long long)(shared->n_rejected + shared->n_accepted), bases->n, (unsigned long long)shared->n_rejected, (unsigned long long)shared->n_accepted,
           (unsigned long long)shared->n_ran, (unsigned long long)shared->n_quantised, (unsigned long long)shared->n_same, (unsigned long long)shared->n_failed,
           now(CLOCK_MONOTONIC) - start);
    return shared->n_failed != 0;
}

static int usage(void) {
    fputs("usage: mutants [FLAGS] [KIND:FILE[:MODEL] | FOLDER]...\n"
          "  --n N         how many mutants (1000)\n"
          "  --first N     the number of the first (0)\n"
          "  --seed N      (1)\n"
          "  --source DIR  the repository: its own files are the first bases\n"
          "  --only        just the first mutant, of the first base given; --keep DIR writes it\n"
          "  --keep DIR    mutants that fail are kept there\n"
          "  --hang N      seconds until a mutant counts as hanging (60)\n"
          "  --verbose     a line for each mutant\n",
          stderr);
    return 2;
}

static bool parse(settings *s, int argc, char **argv) {
    static const struct option flags[] = {{"n", required_argument, NULL, 'n'},    {"first", required_argument, NULL, 'f'},  {"seed", required_argument, NULL, 's'},
                                          {"keep", required_argument, NULL, 'k'}, {"source", required_argument, NULL, 'd'}, {"hang", required_argument, NULL, 'h'},
                                          {"only", no_argument, NULL, 'o'},       {"verbose", no_argument, NULL, 'v'},      {0}};
    *s = (settings){.seed = 1, .n = 1000, .hang_seconds = 60};
    for (int c; (c = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        switch (c) {
        case 'n':
            s->n = number;
            break;
        case 'f':
            s->first = number;
            break;
        case 's':
            s->seed = number;
            break;
        case 'h':
            s->hang_seconds = (double)number;
            break;
        case 'k':
            s->keep = optarg;
            break;
        case 'd':
            s->source = optarg;
            break;
        case 'o':
            s->only = true;
            break;
        case 'v':
            s->verbose = true;
            break;
        default:
            return false;
        }
    }
    if (s->only)
        s->n = 1;
    return true;
}

int main(int argc, char **argv) {
    settings s;
    mutants_bases bases = {0};
    if (!parse(&s, argc, argv))
        return usage();
    /* Memory, where there is a file system in it: each mutant is a file for a moment. */
    const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char scratch[PATH_BYTES];
    snprintf(scratch, sizeof scratch, "%.2000s/mote-mutants-XXXXXX", place);
    if (!mkdtemp(scratch)) {
        fprintf(stderr, "mutants: %s: %s\n", scratch, strerror(errno));
        return 1;
    }
    bool ok = true;
    for (int i = optind; ok && i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            mutants_bases_add_folder(&bases, argv[i]);
        else
            ok = mutants_bases_add(&bases, argv[i]);
    }
    if (ok && s.source && !mutants_bases_make(&bases, s.source, scratch)) {
        fprintf(stderr, "mutants: the files of %s cannot be read\n", s.source);
        ok = false;
    }
    int code = ok && bases.n ? run_all(&s, &bases, scratch) : ok ? usage() : 1;
    mutants_bases_free(&bases);
    remove_folder(scratch);
    return code;
}
