/* The rules for user and repo are the hub's own (huggingface_hub, validate_repo_id): 1 to 96 of [A-Za-z0-9._-], no "--", no "..", neither '-' nor '.' at either end. They make
 * the cache's folder name models--USER--REPO unambiguous. */
#include "store/hub_name.h"

#include "base/str.h"

#include <stdio.h>

static bool skip(const char **text, const char *prefix) {
    size_t n = strlen(prefix);
    if (strncasecmp(*text, prefix, n) != 0)
        return false;
    *text += n;
    return true;
}

static bool is_one_of(char c, const char *more) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(more, c));
}

/* Copies the characters that are letters, digits or of `more`; false if there are none or too many. */
static bool take(const char **text, const char *more, char *out, size_t max) {
    size_t n = 0;
    while (is_one_of((*text)[n], more))
        n++;
    if (n == 0 || n > max)
        return false;
    memcpy(out, *text, n);
    out[n] = 0;
    *text += n;
    return true;
}

static bool is_part(const char *s) {
    size_t n = strlen(s);
    return !strchr("-.", s[0]) && !strchr("-.", s[n - 1]) && !strstr(s, "--") && !strstr(s, "..");
}

static bool is_revision(const char *s) {
    size_t n = strlen(s);
    return !strchr("-./", s[0]) && !strchr("./", s[n - 1]) && !strstr(s, "//") && !strstr(s, "..") && !strstr(s, "/.");
}

static bool is_file(const char *text) {
    mote_str s = mote_str_of(text);
    return mote_str_ends(s, MOTE_STR(".gguf")) || mote_str_ends(s, MOTE_STR(".GGUF")) || mote_str_ends(s, MOTE_STR(".safetensors"));
}

bool mote_hub_name_parse(const char *text, mote_hub_name *name) {
    memset(name, 0, sizeof *name);
    bool has_scheme = skip(&text, "https://"), has_host = skip(&text, "hf.co/") || skip(&text, "huggingface.co/");
    if ((has_scheme && !has_host) || (!has_host && is_file(text)))
        return false;
    if (!take(&text, "._-", name->user, MOTE_HUB_NAME_MAX) || *text++ != '/' || !take(&text, "._-", name->repo, MOTE_HUB_NAME_MAX))
        return false;
    if (!is_part(name->user) || !is_part(name->repo))
        return false;
    while (*text) {
        char mark = *text++;
        if (mark == ':' && !name->quant[0] && take(&text, "._-+", name->quant, MOTE_HUB_QUANT_MAX))
            continue;
        if (mark == '@' && !name->revision[0] && take(&text, "._-+/", name->revision, MOTE_HUB_REVISION_MAX) && is_revision(name->revision))
            continue;
        return false;
    }
    if (!name->revision[0])
        strcpy(name->revision, "main");
    return true;
}

void mote_hub_name_write(const mote_hub_name *name, char text[MOTE_HUB_TEXT_MAX + 1]) {
    bool is_main = strcmp(name->revision, "main") == 0;
    snprintf(text, MOTE_HUB_TEXT_MAX + 1, "%s/%s%s%s%s%s", name->user, name->repo, name->quant[0] ? ":" : "", name->quant, is_main ? "" : "@", is_main ? "" : name->revision);
}
