#include "store/hub_settings.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/places.h"

#include <stdlib.h>
#include <strings.h>

enum {
    MAX_ENDPOINT = 1024,
    MAX_TOKEN = 1024,
    STALL_SECONDS = 30, /* a wireless link may well be silent for some */
    MAX_STALL_SECONDS = 3600
};

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool is_true(const char *value) {
    return value &&
           (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0 || strcasecmp(value, "on") == 0 || strcasecmp(value, "yes") == 0 || strcasecmp(value, "enabled") == 0);
}

/* Printable ASCII without blanks: it goes into a request as it is. */
static bool is_plain(const char *text) {
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* $HF_HOME + name, or its default. */
static char *in_home(const char *name) {
    const char *own = variable("HF_HOME"), *cache = variable("XDG_CACHE_HOME"), *home = variable("HOME");
    char below[64];
    strcpy(below, own ? "" : cache ? "huggingface/" : ".cache/huggingface/");
    return own || cache || home ? mote_places_join(own ? own : cache ? cache : home, strcat(below, name), "") : NULL;
}

mote_status mote_hub_settings_cache(char **path, mote_error *err) {
    const char *own = variable("HF_HUB_CACHE");
    if (!own)
        own = variable("HUGGINGFACE_HUB_CACHE");
    if (!own && !variable("HF_HOME") && !variable("XDG_CACHE_HOME") && !variable("HOME")) {
        *path = NULL;
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "no folder for the hub's cache: none of HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME and HOME is set");
    }
    *path = own ? mote_mem_dup_text(own) : in_home("hub");
    return *path ? MOTE_OK : mote_error_alloc(err, 0);
}

static mote_status read_endpoint(mote_hub_settings *s, mote_error *err) {
    const char *own = variable("HF_ENDPOINT");
    s->endpoint = mote_mem_dup_text(own ? own : "https://huggingface.co");
    if (!s->endpoint)
        return mote_error_alloc(err, 0);
    size_t n = strlen(s->endpoint);
    while (n > 0 && s->endpoint[n - 1] == '/')
        s->endpoint[--n] = 0;
    bool is_web = strncasecmp(s->endpoint, "https://", 8) == 0 || strncasecmp(s->endpoint, "http://", 7) == 0;
    if (!is_web || n > MAX_ENDPOINT || !is_plain(s->endpoint) || strpbrk(s->endpoint, "?#"))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "HF_ENDPOINT: '%.200s' is not the address of a hub, as https://huggingface.co is", s->endpoint);
    return MOTE_OK;
}

/* Where the hub's tool keeps it after a login. A missing file is no token; one that can't be read is said. */
static mote_status read_token_file(mote_buffer *text, mote_error *err) {
    const char *own = variable("HF_TOKEN_PATH");
    char *path = own ? mote_mem_dup_text(own) : in_home("token");
    mote_status status = MOTE_OK;
    if (path && mote_file_exists(path))
        status = mote_file_read(path, text, err);
    mote_mem_free(path);
    return status;
}

static mote_status read_token(mote_hub_settings *s, mote_error *err) {
    const char *own = variable("HF_TOKEN");
    mote_buffer text;
    mote_buffer_init(&text, MAX_TOKEN);
    if (!own)
        own = variable("HUGGING_FACE_HUB_TOKEN");
    mote_status status = MOTE_OK;
    if (own)
        status = mote_buffer_append_text(&text, own);
    else if (!is_true(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN")))
        MOTE_TRY_DONE(read_token_file(&text, err));
    if (status == MOTE_ERR_LIMIT || status == MOTE_ERR_ALLOC)
        mote_error_set(err, status, "HF_TOKEN: longer than any token");
    if (status != MOTE_OK)
        goto done;
    char *first = text.len ? text.data : (char[]){""};
    first += strspn(first, " \t\r\n");
    size_t n = strcspn(first, " \t\r\n");
    bool is_alone = first[n + strspn(first + n, " \t\r\n")] == 0;
    first[n] = 0;
    if (!is_alone || !is_plain(first))
        status = mote_error_set(err, MOTE_ERR_ARGUMENT, "the token of the hub holds characters that no token has; it is not shown here");
    else if (n > 0 && !(s->token = mote_mem_dup_text(first)))
        status = mote_error_alloc(err, n);
done:
    mote_buffer_deinit(&text);
    return status;
}

mote_status mote_hub_settings_read(mote_hub_settings *s, mote_error *err) {
    *s = (mote_hub_settings){.is_offline = is_true(variable("HF_HUB_OFFLINE")), .stall_seconds = STALL_SECONDS};
    const char *stall = variable("HF_HUB_DOWNLOAD_TIMEOUT");
    long seconds = stall ? strtol(stall, NULL, 10) : 0;
    if (seconds > 0)
        s->stall_seconds = seconds < MAX_STALL_SECONDS ? seconds : MAX_STALL_SECONDS;
    mote_status status = mote_hub_settings_cache(&s->cache, err);
    if (status == MOTE_OK)
        status = read_endpoint(s, err);
    if (status == MOTE_OK)
        status = read_token(s, err);
    if (status != MOTE_OK)
        mote_hub_settings_free(s);
    return status;
}

void mote_hub_settings_free(mote_hub_settings *s) {
    mote_mem_free(s->endpoint);
    mote_mem_free(s->token);
    mote_mem_free(s->cache);
    *s = (mote_hub_settings){.endpoint = NULL};
}
