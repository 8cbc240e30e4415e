/* huggingface.co/docs/hub/api: /api/models/REPO/revision/REV and /api/models/REPO/tree/REV?recursive=true in pages linked by a Link header; /REPO/resolve/REV/PATH. */
#include "store/hub_api.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdio.h>

enum {
    MAX_PAGE_BYTES = 16 << 20, /* of JSON: a page of 1,000 files is some hundred KiB */
    MAX_PAGES = 200
};

/* Percent-encodes all but the unreserved characters (RFC 3986); a '/' only where it isn't to be kept. */
static mote_status append_part(mote_buffer *url, const char *text, bool keeps_slash) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p) || (keeps_slash && *p == '/');
        if (is_plain)
            MOTE_TRY(mote_buffer_append_char(url, (char)*p));
        else
            MOTE_TRY(mote_buffer_appendf(url, "%%%02X", *p));
    }
    return MOTE_OK;
}

/* ENDPOINT + before + USER/REPO + between + part + after. */
static char *join(const mote_hub_api *api, const char *before, const char *between, const char *part, bool keeps_slash, const char *after) {
    mote_buffer url;
    mote_buffer_init(&url, MOTE_HUB_URL_MAX);
    mote_status status = mote_buffer_appendf(&url, "%s%s%s/%s%s", api->settings->endpoint, before, api->name->user, api->name->repo, between);
    if (status == MOTE_OK)
        status = append_part(&url, part, keeps_slash);
    if (status == MOTE_OK)
        status = mote_buffer_append_text(&url, after);
    char *text = status == MOTE_OK ? mote_buffer_take(&url) : NULL;
    mote_buffer_deinit(&url);
    return text;
}

char *mote_hub_api_address(const mote_hub_api *api, const char *commit, const char *path) {
    char between[MOTE_HUB_COMMIT_DIGITS + 16];
    snprintf(between, sizeof between, "/resolve/%s/", commit);
    return join(api, "/", between, path, true, "");
}

static mote_status refuse_missing(const mote_hub_api *api, const char *path, const mote_hub_answer *answer, mote_error *err) {
    const mote_hub_name *name = api->name;
    if (strcmp(answer->error_code, "RevisionNotFound") == 0)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s has no revision '%s'", name->user, name->repo, name->revision);
    if (path)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s: the hub lists %s but doesn't have it", name->user, name->repo, path);
    return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s has no model %s/%s%s%s%s", api->settings->endpoint, name->user, name->repo,
                          strcmp(name->revision, "main") == 0 ? "" : " with a revision '", strcmp(name->revision, "main") == 0 ? "" : name->revision,
                          strcmp(name->revision, "main") == 0 ? ", or it is private: HF_TOKEN then names one who may read it" : "'");
}

mote_status mote_hub_api_refuse(const mote_hub_api *api, const char *path, const mote_hub_answer *answer, mote_error *err) {
    const char *endpoint = api->settings->endpoint, *user = api->name->user, *repo = api->name->repo, *token = api->settings->token;
    if (strcmp(answer->error_code, "GatedRepo") == 0)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s is gated (%ld): accept its terms at %s/%s/%s, then %s", user, repo, answer->code, endpoint, user, repo,
                              token ? "use that account's token as HF_TOKEN" : "set HF_TOKEN to that account's token");
    if (answer->code == 401 && strcmp(answer->error_code, "RepoNotFound") != 0)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s: the hub asks who is there (401): %s", user, repo,
                              token ? "it doesn't take this HF_TOKEN" : "no such model, or it is private or gated; HF_TOKEN names one who may read it");
    if (answer->code == 403)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s/%s: the hub refuses (403)%s%s; %s", user, repo, answer->error_text[0] ? ": " : "", answer->error_text,
                              token ? "the account of this HF_TOKEN may not read it" : "HF_TOKEN names an account that may read it");
    if (answer->code == 401 || answer->code == 404 || answer->code == 410)
        return refuse_missing(api, path, answer, err);
    if (answer->code == 429 && answer->retry_after)
        return mote_error_set(err, MOTE_ERR_IO, "%s: too many requests (429); it asks to wait %u seconds%s", endpoint, answer->retry_after,
                              token ? "" : "; with HF_TOKEN it allows more");
    if (answer->code == 429)
        return mote_error_set(err, MOTE_ERR_IO, "%s: too many requests (429); try again later%s", endpoint, token ? "" : "; with HF_TOKEN it allows more");
    if (answer->code >= 500)
        return mote_error_set(err, MOTE_ERR_IO, "%s: the hub is in trouble (%ld), tried several times; try again later", endpoint, answer->code);
    return mote_error_set(err, MOTE_ERR_IO, "%s/%s%s%s: the hub answers %ld%s%s", user, repo, path ? "/" : "", path ? path : "", answer->code, answer->error_text[0] ? ": " : "",
                          answer->error_text);
}

static mote_status get_json(const mote_hub_api *api, const char *url, mote_buffer *out, mote_hub_answer *answer, mote_error *err) {
    mote_hub_retry retry = {.go_on = api->go_on, .context = api->context};
    for (;;) {
        mote_status status = mote_hub_http_get_text(api->http, url, api->go_on, api->context, out, answer, err);
        if (mote_hub_retry_is_worth(status, answer) && mote_hub_retry_wait(&retry, answer))
            continue;
        if (retry.is_cancelled)
            return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        if (status == MOTE_OK && answer->code != 200)
            status = mote_hub_api_refuse(api, NULL, answer, err);
        return status;
    }
}

mote_status mote_hub_api_commit(const mote_hub_api *api, char commit[MOTE_HUB_COMMIT_DIGITS + 1], mote_error *err) {
    mote_hub_answer *answer = mote_mem_alloc(sizeof *answer);
    char *url = join(api, "/api/models/", "/revision/", api->name->revision, false, "");
    mote_buffer json;
    mote_buffer_init(&json, MAX_PAGE_BYTES);
    mote_status status = answer && url ? get_json(api, url, &json, answer, err) : mote_error_alloc(err, 0);
    if (status == MOTE_OK) {
        status = mote_hub_listing_read_commit(mote_buffer_str(&json).data, json.len, commit, err);
        if (status != MOTE_OK)
            mote_error_prefix(err, "%s", url);
    }
    mote_buffer_deinit(&json);
    mote_mem_free(url);
    mote_mem_free(answer);
    return status;
}

mote_status mote_hub_api_list(const mote_hub_api *api, const char *commit, mote_hub_listing *listing, mote_error *err) {
    mote_hub_answer *answer = mote_mem_alloc(sizeof *answer);
    char *url = join(api, "/api/models/", "/tree/", commit, false, "?recursive=true");
    mote_buffer json;
    mote_buffer_init(&json, MAX_PAGE_BYTES);
    mote_status status = answer && url ? MOTE_OK : mote_error_alloc(err, 0);
    for (int page = 0; status == MOTE_OK; page++) {
        if (page == MAX_PAGES) {
            status = mote_error_set(err, MOTE_ERR_LIMIT, "%s/%s: a listing of more than %d pages", api->name->user, api->name->repo, MAX_PAGES);
            break;
        }
        MOTE_TRY_DONE(get_json(api, url, &json, answer, err));
        status = mote_hub_listing_read(listing, mote_buffer_str(&json).data, json.len, err);
        if (status != MOTE_OK)
            mote_error_prefix(err, "%s/%s", api->name->user, api->name->repo);
        if (status != MOTE_OK || !answer->next[0])
            break;
        mote_mem_free(url);
        url = mote_mem_dup_text(answer->next);
        if (!url)
            status = mote_error_alloc(err, strlen(answer->next));
    }
done:
    mote_buffer_deinit(&json);
    mote_mem_free(url);
    mote_mem_free(answer);
    return status;
}
