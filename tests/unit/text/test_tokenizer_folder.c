/* tokenizer.json, part by part, written to a folder of its own. */
#include "vocabulary_bytes.h"

#include "base/file.h"

#include <unistd.h>

static char folder[64];

static void write_file(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-tokenizer-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    static const char *const names[] = {"tokenizer.json", "tokenizer_config.json", "generation_config.json"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

/* ' in place of ". */
static mote_status open_json(const char *text, mote_tokenizer **t, mote_error *err) {
    char quoted[4096];
    snprintf(quoted, sizeof quoted, "%s", text);
    for (char *p = quoted; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    write_file("tokenizer.json", quoted);
    return mote_tokenizer_open(folder, t, err);
}

#define BPE_MODEL                                                                                                    \
    "'model':{'type':'BPE','unk_token':'<unk>','vocab':{'<unk>':0,'a':1,'b':2,'ab':3,'\xe2\x96\x81':4,'\xe2\x96\x81" \
    "a':5,'<0x0A>':6},'merges':['a b',['\xe2\x96\x81','a']]"

static void byte_pairs_with_added_tokens(void **state) {
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    (void)state;
    write_file("tokenizer_config.json", "{\"bos_token\":{\"content\":\"<s>\"},\"eos_token\":\"</s>\",\"unk_token\":null}");
    write_file("generation_config.json", "{\"eos_token_id\":[8,1]}");
    assert_int_equal(
        open_json(
            "{'added_tokens':[{'id':0,'content':'<unk>','special':true},{'id':7,'content':'<s>','special':true},{'id':8,'content':'</s>','special':true,'rstrip':true},"
            "{'id':9,'content':'<x>','special':false,'normalized':false,'lstrip':true},{'id':12,'content':'bb','single_word':true}],"
            "'normalizer':{'type':'Sequence','normalizers':[{'type':'NFC'},{'type':'Replace','pattern':{'String':' '},'content':'\xe2\x96\x81'}]},"
            "'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>'}},{'Sequence':{'id':'A'}},{'SpecialToken':{'id':'</s>'}}],"
            "'special_tokens':{'<s>':{'ids':[7]},'</s>':{'ids':[8]}}},"
            "'decoder':{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':'\xe2\x96\x81'},'content':' '},{'type':'ByteFallback'},{'type':'Fuse'}]}," BPE_MODEL
            "}}",
            &t, &err),
        MOTE_OK);
    assert_int_equal(mote_tokenizer_n_tokens(t), 13);
    assert_int_equal(mote_tokenizer_bos(t), 7);
    assert_int_equal(mote_tokenizer_eos(t), 8);
    assert_true(mote_tokenizer_is_end(t, 8) && mote_tokenizer_is_end(t, 1));
    EXPECT(t, "ab a", MOTE_TOKENIZE_ADD_SPECIAL, 7, 3, 5, 8);
    EXPECT(t, "a <x> </s>  a", MOTE_TOKENIZE_PARSE_SPECIAL, 1, 9, 4, 8, 1);
    EXPECT(t, "a</s>", 0, 1, 0, 0, 0, 0);
    EXPECT(t, "bb abb", 0, 12, 4, 3, 2);
    EXPECT(t, "z", 0, 0);
    EXPECT_TEXT(t, false, " ab", 5, 2, 8);
    assert_string_equal(mote_tokenizer_text(t, 10), "");
    mote_tokenizer_free(&t);
}

static void fallback_and_whole_words(void **state) {
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    (void)state;
    assert_int_equal(open_json("{'pre_tokenizer':{'type':'Metaspace','prepend_scheme':'first','split':true},'decoder':{'type':'Metaspace','prepend_scheme':'first'}," BPE_MODEL
                               ",'byte_fallback':true,'fuse_unk':true}}",
                               &t, &err),
                     MOTE_OK);
    EXPECT(t, "a\nzz", 0, 5, 6, 0);
    EXPECT_TEXT(t, false, "a\n", 5, 6);
    mote_tokenizer_free(&t);
    assert_int_equal(open_json("{'pre_tokenizer':{'type':'ByteLevel','add_prefix_space':false},'model':{'type':'BPE','ignore_merges':true,'vocab':{'a':0,'\xc4\xa0':1,'\xc4\xa0"
                               "a':2,'b':3},"
                               "'merges':[]}}",
                               &t, &err),
                     MOTE_OK);
    EXPECT(t, "a a b", 0, 0, 2, 1, 3);
    EXPECT_TEXT(t, false, "a a", 0, 2);
    mote_tokenizer_free(&t);
}

static void other_models(void **state) {
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    (void)state;
    assert_int_equal(open_json("{'model':{'type':'WordPiece','unk_token':'[U]','vocab':{'[U]':0,'he':1,'##llo':2,'!':3}},'normalizer':{'type':'BertNormalizer','lowercase':true},"
                               "'pre_tokenizer':{'type':'BertPreTokenizer'},'decoder':{'type':'WordPiece','cleanup':true},"
                               "'post_processor':{'type':'BertProcessing','cls':['he',1],'sep':['!',3]}}",
                               &t, &err),
                     MOTE_OK);
    EXPECT(t, "H\xc3\x89llo! x", MOTE_TOKENIZE_ADD_SPECIAL, 1, 1, 2, 3, 0, 3);
    EXPECT_TEXT(t, false, "hello!", 1, 2, 3);
    mote_tokenizer_free(&t);
    assert_int_equal(open_json("{'model':{'type':'Unigram','unk_id':0,'vocab':[['<unk>',0],['a',-1],['b',-1],['ab',-1.5]]},'pre_tokenizer':{'type':'WhitespaceSplit'}}", &t, &err),
                     MOTE_OK);
    EXPECT(t, "ab zz", 0, 3, 0);
    mote_tokenizer_free(&t);
}

static void unknown_parts_are_named(void **state) {
    static const struct {
        const char *json, *named;
        mote_status status;
    } cases[] = {
        {"{'normalizer':{'type':'Nmt9'}," BPE_MODEL "}}", "Nmt9", MOTE_ERR_UNSUPPORTED},
        {"{'pre_tokenizer':{'type':'UnicodeScripts'}," BPE_MODEL "}}", "UnicodeScripts", MOTE_ERR_UNSUPPORTED},
        {"{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'a'},'behavior':'Contiguous'}," BPE_MODEL "}}", "Contiguous", MOTE_ERR_UNSUPPORTED},
        {"{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(a'},'behavior':'Isolated'}," BPE_MODEL "}}", "(a", MOTE_ERR_UNSUPPORTED},
        {"{'decoder':{'type':'CTC'}," BPE_MODEL "}}", "CTC", MOTE_ERR_UNSUPPORTED},
        {"{'post_processor':{'type':'Odd'}," BPE_MODEL "}}", "Odd", MOTE_ERR_UNSUPPORTED},
        {"{" BPE_MODEL ",'end_of_word_suffix':'</w>'}}", "end_of_word_suffix", MOTE_ERR_UNSUPPORTED},
        {"{'model':{'type':'WordLevel','vocab':{}}}", "WordLevel", MOTE_ERR_UNSUPPORTED},
        {"{'model':{'type':'BPE','vocab':{},'merges':[]}}", "empty", MOTE_ERR_FORMAT},
        {"{'model':{'type':'BPE','vocab':{'a':-1},'merges':[]}}", "without an id", MOTE_ERR_FORMAT},
        {"{'model':{'type':'BPE','vocab':{'a':999999999},'merges':[]}}", "999999999", MOTE_ERR_LIMIT},
        {"{'model':{'type':'BPE','vocab':{'a':0},'merges':['aa']}}", "merges", MOTE_ERR_FORMAT},
        {"{'model':{'type':'BPE','vocab':{'a':0}}}", "merges", MOTE_ERR_FORMAT},
        {"{'model':{'type':'Unigram','unk_id':5,'vocab':[['a',0]]}}", "unk_id", MOTE_ERR_FORMAT},
        {"{'model':{'type':'Unigram','vocab':[['a']]}}", "score", MOTE_ERR_FORMAT},
        {"{'post_processor':{'type':'BertProcessing','cls':['x',99],'sep':['y',1]}," BPE_MODEL "}}", "99", MOTE_ERR_FORMAT},
        {"[]", "model type", MOTE_ERR_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mote_tokenizer *t = NULL;
        mote_error err = {0};
        mote_status status = open_json(cases[i].json, &t, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].named))
            fail_msg("%s: status %d, message '%s'", cases[i].json, status, err.message);
        assert_null(t);
    }
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    assert_int_equal(mote_tokenizer_open("/tmp", &t, &err), MOTE_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "tokenizer.json"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_pairs_with_added_tokens),
        cmocka_unit_test(fallback_and_whole_words),
        cmocka_unit_test(other_models),
        cmocka_unit_test(unknown_parts_are_named),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
