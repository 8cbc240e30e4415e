/* What comes from a hub or is typed as its name. The first byte says what the rest is: n a name, a header lines of an answer, c the JSON of a revision, anything else a page of a
 * listing. Whatever is accepted stays inside its folder. */
#include "store/hub_answer.h"
#include "store/hub_choice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static void require(bool condition) {
    if (!condition)
        __builtin_trap();
}

static bool is_inside(const char *text) {
    return text[0] != '/' && !strstr(text, "..") && !strstr(text, "//");
}

static void check_name(const char *text, size_t n_bytes) {
    char copy[1024], again[MOTE_HUB_TEXT_MAX + 1];
    mote_hub_name name, other;
    size_t n = n_bytes < sizeof copy ? n_bytes : sizeof copy - 1;
    memcpy(copy, text, n);
    copy[n] = 0;
    if (!mote_hub_name_parse(copy, &name))
        return;
    require(name.user[0] && name.repo[0] && name.revision[0] && is_inside(name.user) && is_inside(name.repo) && is_inside(name.revision));
    require(!strchr(name.user, '/') && !strchr(name.repo, '/') && !strchr(name.quant, '/'));
    mote_hub_name_write(&name, again);
    /* A repository may be called like a file: behind a prefix only. */
    char prefixed[MOTE_HUB_TEXT_MAX + 8] = "hf.co/";
    strcat(prefixed, again);
    require(mote_hub_name_parse(prefixed, &other) && memcmp(&name, &other, sizeof name) == 0);
}

static void check_answer(const char *text, size_t n_bytes) {
    static mote_hub_answer answer;
    memset(&answer, 0, sizeof answer);
    for (const char *end = text + n_bytes; text < end;) {
        const char *line = memchr(text, '\n', (size_t)(end - text)), *next = line ? line + 1 : end;
        mote_hub_answer_read(&answer, (mote_str){text, (size_t)(next - text)}, (next - text) % 2);
        text = next;
    }
    require(!answer.has_range || (answer.range_first <= answer.range_last && (answer.range_total == 0 || answer.range_last < answer.range_total)));
    require(strlen(mote_hub_answer_hash(&answer)) < sizeof answer.etag && strlen(answer.next) < sizeof answer.next && answer.retry_after <= 3600);
}

static void check_choice(const mote_hub_listing *listing, const mote_hub_choice *choice) {
    require(choice->n > 0);
    for (size_t i = 0; i < choice->n; i++)
        require(choice->files[i] < listing->n);
}

static void check_listing(const char *text, size_t n_bytes) {
    mote_hub_listing listing = {NULL, 0, 0};
    mote_hub_choice choice;
    mote_error err = {0};
    mote_hub_name name;
    mote_status status = mote_hub_listing_read(&listing, text, n_bytes, &err);
    require(status == MOTE_OK || err.message[0]);
    for (size_t i = 0; i < listing.n; i++) {
        size_t n = strlen(listing.files[i].hash);
        require(mote_hub_listing_is_path(mote_str_of(listing.files[i].path)) && (n == 40 || n == 64));
    }
    for (int quant = 0; quant < 3; quant++) {
        require(mote_hub_name_parse(quant == 0 ? "a/b" : quant == 1 ? "a/b:Q8_0" : "a/b:safetensors", &name));
        if (mote_hub_choice_make(&listing, &name, &choice, &err) == MOTE_OK)
            check_choice(&listing, &choice);
        mote_hub_choice_free(&choice);
    }
    size_t cursor = 0, n_models = 0;
    for (;; n_models++) {
        require(mote_hub_choice_next(&listing, &cursor, &choice, &err) == MOTE_OK);
        if (choice.n == 0)
            break;
        check_choice(&listing, &choice);
        mote_hub_choice_free(&choice);
    }
    require(n_models <= listing.n + 1);
    mote_hub_listing_free(&listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    char commit[MOTE_HUB_COMMIT_DIGITS + 1];
    if (n_bytes == 0)
        return 0;
    const char *text = (const char *)data + 1;
    if (data[0] == 'n')
        check_name(text, n_bytes - 1);
    else if (data[0] == 'a')
        check_answer(text, n_bytes - 1);
    else if (data[0] != 'c')
        check_listing(text, n_bytes - 1);
    else if (mote_hub_listing_read_commit(text, n_bytes - 1, commit, NULL) == MOTE_OK)
        require(strspn(commit, "0123456789abcdef") == MOTE_HUB_COMMIT_DIGITS && commit[MOTE_HUB_COMMIT_DIGITS] == 0);
    return 0;
}
