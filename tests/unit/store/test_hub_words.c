/* What is read one text at a time: names on a hub, headers of its answers, hashes; and when to try again. */
#include "store/hub_answer.h"
#include "store/hub_digest.h"
#include "store/hub_name.h"
#include "store/hub_retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void names_are_read(void **state) {
    static const struct {
        const char *text, *user, *repo, *quant, *revision, *again;
    } good[] = {
        {"user/repo", "user", "repo", "", "main", "user/repo"},
        {"HuggingFaceTB/SmolLM2-135M-Instruct-GGUF:Q4_K_M", "HuggingFaceTB", "SmolLM2-135M-Instruct-GGUF", "Q4_K_M", "main", "HuggingFaceTB/SmolLM2-135M-Instruct-GGUF:Q4_K_M"},
        {"hf.co/a/b:q8_0", "a", "b", "q8_0", "main", "a/b:q8_0"},
        {"https://huggingface.co/a/b@v1.0", "a", "b", "", "v1.0", "a/b@v1.0"},
        {"HTTPS://HF.CO/a/b", "a", "b", "", "main", "a/b"},
        {"a/b@refs/pr/1:UD-Q4_K_XL", "a", "b", "UD-Q4_K_XL", "refs/pr/1", "a/b:UD-Q4_K_XL@refs/pr/1"},
        {"a/b:Q8_0@main", "a", "b", "Q8_0", "main", "a/b:Q8_0"},
        {"hf.co/a/b.gguf", "a", "b.gguf", "", "main", "a/b.gguf"},
        {"a_1/b.c-d_e", "a_1", "b.c-d_e", "", "main", "a_1/b.c-d_e"},
    };
    char again[MOTE_HUB_TEXT_MAX + 1];
    mote_hub_name name;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(mote_hub_name_parse(good[i].text, &name));
        assert_string_equal(name.user, good[i].user);
        assert_string_equal(name.repo, good[i].repo);
        assert_string_equal(name.quant, good[i].quant);
        assert_string_equal(name.revision, good[i].revision);
        mote_hub_name_write(&name, again);
        assert_string_equal(again, good[i].again);
    }
}

static const char *const no_names[] = {"",
                                       "a",
                                       "/",
                                       "a/",
                                       "/b",
                                       "a/b/c",
                                       "a//b",
                                       "./a/b",
                                       "../b",
                                       "a/..",
                                       "a/.b",
                                       "a/b.",
                                       "-a/b",
                                       "a/b-",
                                       "a--x/b",
                                       "a/b--c",
                                       "a/b..c",
                                       "a/b:",
                                       "a/b@",
                                       "a/b::Q",
                                       "a/b:Q:R",
                                       "a/b@x@y",
                                       "a/b@../x",
                                       "a/b@x/..",
                                       "a/b@/x",
                                       "a/b@x/",
                                       "a/b@x//y",
                                       "a/b@.x",
                                       "a/b@x/.y",
                                       "a/b:../x",
                                       "a/b:x/y",
                                       "a b/c",
                                       "a/b\n",
                                       "a/b?x",
                                       "a/b#x",
                                       "a/b%2e",
                                       "a\\b/c",
                                       "\xc3\xa9/b",
                                       "a/\xc3\xa9",
                                       "a/b.gguf",
                                       "a/b.GGUF",
                                       "a/b.safetensors",
                                       "http://hf.co/a/b",
                                       "https://a/b",
                                       "hf.co/a",
                                       "hf.co",
                                       "file://a/b",
                                       "ftp://a/b",
                                       "a/b@v1:",
                                       "hf.co//a/b"};

static void other_texts_are_no_names(void **state) {
    char text[300];
    mote_hub_name name;
    (void)state;
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
        if (mote_hub_name_parse(no_names[i], &name))
            fail_msg("'%s' is taken for a name", no_names[i]);
    snprintf(text, sizeof text, "%096d/%096d", 1, 1);
    assert_true(mote_hub_name_parse(text, &name));
    snprintf(text, sizeof text, "%097d/b", 1);
    assert_false(mote_hub_name_parse(text, &name));
    snprintf(text, sizeof text, "a/b:%0129d", 1);
    assert_false(mote_hub_name_parse(text, &name));
    snprintf(text, sizeof text, "a/b@%0129d", 1);
    assert_false(mote_hub_name_parse(text, &name));
}

static void take(mote_hub_answer *a, const char *line, bool is_hub) {
    mote_hub_answer_read(a, mote_str_of(line), is_hub);
}

static void headers_are_read(void **state) {
    mote_hub_answer a = {0};
    (void)state;
    take(&a, "HTTP/1.1 302 Found\r\n", true);
    take(&a, "x-linked-etag: \"abc\"\r\n", true);
    take(&a, "X-Linked-Size:  123 \r\n", true);
    take(&a, "ETag: W/\"other\"\r\n", true);
    take(&a, "Content-Length: 5\r\n", true);
    take(&a, "Link: <https://h/1>; rel=\"prev\", <https://h/2?a=1>; rel=\"next\"\r\n", true);
    assert_string_equal(a.etag, "other");
    assert_string_equal(a.next, "https://h/2?a=1");
    assert_true(a.has_length && a.length == 5);
    /* The next hop's own words are new, the hub's stay, and a stranger can't put others in their place. */
    take(&a, "HTTP/1.1 206 Partial Content\r\n", false);
    assert_true(!a.has_length && !a.etag[0] && !a.next[0]);
    take(&a, "X-Linked-Etag: \"evil\"\r\n", false);
    take(&a, "X-Linked-Size: 1\r\n", false);
    take(&a, "X-Error-Message: evil\r\n", false);
    take(&a, "Content-Range: bytes 7-122/123\r\n", false);
    assert_string_equal(mote_hub_answer_hash(&a), "abc");
    assert_true(a.has_linked_length && a.linked_length == 123 && !a.error_text[0]);
    assert_true(a.has_range && a.range_first == 7 && a.range_last == 122 && a.range_total == 123);
    take(&a, "Content-Range: bytes 7-122/*", false);
    assert_true(a.has_range && a.range_total == 0);
    take(&a, "Content-Encoding: gzip", false);
    assert_true(a.is_encoded);
    take(&a, "Content-Encoding: identity", false);
    assert_false(a.is_encoded);
    take(&a, "Retry-After: 99999999", false);
    assert_int_equal(a.retry_after, 3600);
    take(&a, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", false);
    assert_int_equal(a.retry_after, 0);
}

static void malformed_headers_are_absent(void **state) {
    static const char *const ranges[] = {"bytes 5-4/10",
                                         "bytes 5-9/9",
                                         "bytes 5-9/",
                                         "bytes -9/10",
                                         "bytes 5/10",
                                         "bytes */10",
                                         "items 5-9/10",
                                         "bytes 5-9/10x",
                                         "",
                                         "bytes  5-9/10",
                                         "bytes 99999999999999999999-99999999999999999999/*"};
    static const char *const lengths[] = {"-1", "+1", "", "0x10", "1 2", "18446744073709551616", "1e3"};
    char line[200];
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        mote_hub_answer a = {.has_range = true};
        snprintf(line, sizeof line, "Content-Range: %s\r\n", ranges[i]);
        take(&a, line, true);
        assert_false(a.has_range);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        mote_hub_answer a = {.has_length = true};
        snprintf(line, sizeof line, "Content-Length: %s\r\n", lengths[i]);
        take(&a, line, true);
        assert_false(a.has_length);
    }
    mote_hub_answer a = {0};
    memset(line, 'e', sizeof line);
    memcpy(line, "ETag: ", 6);
    mote_hub_answer_read(&a, (mote_str){line, sizeof line}, true);
    take(&a, "no colon", true);
    take(&a, "Link: <unfinished; rel=\"next\"", true);
    take(&a, "Link: >; rel=\"next\"<", true);
    take(&a, "", true);
    assert_true(!a.etag[0] && !a.next[0]);
}

static void digest_is(size_t n_digits, const char *bytes, size_t n_bytes, size_t piece, const char *wanted) {
    mote_hub_digest d;
    char hex[65];
    mote_hub_digest_init(&d, n_digits, n_bytes);
    for (size_t i = 0; i < n_bytes; i += piece)
        mote_hub_digest_update(&d, bytes + i, n_bytes - i < piece ? n_bytes - i : piece);
    mote_hub_digest_final(&d, hex);
    assert_string_equal(hex, wanted);
}

static void digests_are_git_s_and_sha256(void **state) {
    /* `printf '' | git hash-object --stdin` and so on, git 2.39. */
    static const struct {
        size_t n_bytes;
        const char *hash;
    } blobs[] = {{0, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},   {1, "2e65efe2a145dda7ee51d1741299f848e5bf752e"},   {48, "12d42395b020f44bb7710113b31f688d0ebeda7c"},
                 {55, "d1985ddc2983785702b9a90effd5aff2f7cfdca4"},  {56, "1f973e890f52da1f22fa7e5620a628bc4ee74cb3"},  {57, "d28c6cde5a5ab0b138bd53a288c23e8c011c4171"},
                 {63, "487e57f9763ebddbed2027c4452510c0ae0f95ff"},  {64, "71b7a71962774fa5c721e1163f935cb61a0e09e6"},  {65, "44171c1993ae70a544a8e910b00347eed4b8e8f2"},
                 {119, "1325c3d76ea6a66e75dce490a0b8cb8b12233ee0"}, {120, "253af86ee859905852357aee8bd83b08601364ae"}, {121, "0c525b7b26223743d7365218e1dafcd901767a08"},
                 {1000, "a50be72b20f0e3f078d252e8e56b11b4bec67509"}};
    static char bytes[1000];
    (void)state;
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < sizeof blobs / sizeof *blobs; i++)
        for (size_t piece = 1; piece < 130; piece += 9)
            digest_is(40, bytes, blobs[i].n_bytes, piece, blobs[i].hash);
    digest_is(40, "hello\n", 6, 4, "ce013625030ba8dba906f756967f9e9ca394464a");
    digest_is(64, "abc", 3, 2, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static bool always(void *context) {
    (void)context;
    return true;
}

static bool never(void *context) {
    (void)context;
    return false;
}

static void patience_ends(void **state) {
    mote_hub_answer cut = {.is_passing = true}, busy = {.code = 503, .retry_after = 3000}, gone = {.code = 404}, fine = {.code = 200};
    (void)state;
    assert_true(mote_hub_retry_is_worth(MOTE_ERR_IO, &cut));
    assert_true(mote_hub_retry_is_worth(MOTE_OK, &busy));
    assert_false(mote_hub_retry_is_worth(MOTE_OK, &gone));
    assert_false(mote_hub_retry_is_worth(MOTE_OK, &fine));
    assert_false(mote_hub_retry_is_worth(MOTE_ERR_IO, &gone));
    assert_false(mote_hub_retry_is_worth(MOTE_ERR_FORMAT, &cut));
    mote_hub_retry retry = {.go_on = always};
    int n = 0;
    while (mote_hub_retry_wait(&retry, &cut))
        n++;
    assert_in_range(n, 2, 20);
    retry = (mote_hub_retry){.go_on = always};
    assert_false(mote_hub_retry_wait(&retry, &busy)); /* it asks for more patience than there is */
    assert_false(retry.is_cancelled);
    /* Getting a little further each time is no way to go on for ever. */
    retry = (mote_hub_retry){.go_on = always, .n_attempts = 998};
    for (n = 0; mote_hub_retry_wait(&retry, &cut); n++)
        retry.n_failures = 0;
    assert_int_equal(n, 1);
    retry = (mote_hub_retry){.go_on = never};
    assert_false(mote_hub_retry_wait(&retry, &cut));
    assert_true(retry.is_cancelled);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read),
        cmocka_unit_test(other_texts_are_no_names),
        cmocka_unit_test(headers_are_read),
        cmocka_unit_test(malformed_headers_are_absent),
        cmocka_unit_test(digests_are_git_s_and_sha256),
        cmocka_unit_test(patience_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
