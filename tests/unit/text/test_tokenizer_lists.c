/* Folders from before tokenizer.json: vocab.json with merges.txt, vocab.txt; and what the files beside the vocabulary say. */
#include "vocabulary_bytes.h"

#include "base/file.h"
#include "text/tokenizer_export.h"

#include <dirent.h>
#include <unistd.h>

static char folder[64];

/* ' in place of ". */
static void write_file(const char *name, const char *text) {
    char path[128], quoted[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(quoted, sizeof quoted, "%s", text);
    for (char *p = quoted; *p && strstr(name, ".json"); p++)
        *p = *p == '\'' ? '"' : *p;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(quoted, 1, strlen(quoted), f), strlen(quoted));
    assert_int_equal(fclose(f), 0);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-tokenizer-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    char path[512];
    DIR *d = opendir(folder);
    (void)state;
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path);
    }
    closedir(d);
    return rmdir(folder);
}

static mote_tokenizer *open_folder(void) {
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    if (mote_tokenizer_open(folder, &t, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return t;
}

#define VOCAB "{'a':0,'b':1,'ab':2,'\xc4\xa0':3,'\xc4\xa0"
#define VOCAB_REST "a':4,'1':5,'<|endoftext|>':6}"

static void gpt2(void **state) {
    (void)state;
    write_file("vocab.json", VOCAB VOCAB_REST);
    write_file("merges.txt", "#version: 0.2\na b\r\n\xc4\xa0 a\n\n");
    write_file("tokenizer_config.json", "{'tokenizer_class':'GPT2Tokenizer','eos_token':'<|endoftext|>','bos_token':'<|endoftext|>'}");
    mote_tokenizer *t = open_folder();
    EXPECT(t, "ab a11<|endoftext|>", MOTE_TOKENIZE_PARSE_SPECIAL, 2, 4, 5, 5, 6);
    EXPECT_TEXT(t, false, "ab a", 2, 4, 6);
    assert_int_equal(mote_tokenizer_eos(t), 6);
    assert_true(mote_tokenizer_is_end(t, 6));
    mote_tokenizer_free(&t);
}

/* The class by the model's type; added tokens with ids of their own; ends from config.json where generation_config.json is silent. */
static void qwen2(void **state) {
    mote_tokenizer_roles roles;
    (void)state;
    write_file("vocab.json", VOCAB VOCAB_REST);
    write_file("merges.txt", "a b");
    write_file("config.json", "{'model_type':'qwen2','eos_token_id':[8,1],'pad_token_id':6,'vocab_size':9}");
    write_file("tokenizer_config.json", "{'eos_token':{'content':'<|im_end|>'},'added_tokens_decoder':{'7':{'content':'<|im_start|>','special':true},"
                                        "'8':{'content':'<|im_end|>','special':true},'6':{'content':'<|endoftext|>','special':true}}}");
    write_file("added_tokens.json", "{'<tool>':9}");
    mote_tokenizer *t = open_folder();
    assert_int_equal(mote_tokenizer_n_tokens(t), 9); /* the tenth has no row */
    EXPECT(t, "<|im_start|>ab 11", MOTE_TOKENIZE_PARSE_SPECIAL, 7, 2, 3, 5, 5);
    assert_int_equal(mote_tokenizer_eos(t), 8);
    assert_true(mote_tokenizer_is_end(t, 8) && mote_tokenizer_is_end(t, 1) && !mote_tokenizer_is_end(t, 0));
    assert_int_equal(mote_tokenizer_folder_roles(t, folder, &roles, NULL), MOTE_OK);
    assert_int_equal(roles.pad, 6);
    assert_int_equal(roles.sep, -1);
    mote_tokenizer_free(&t);
    write_file("generation_config.json", "{'eos_token_id':[0]}");
    t = open_folder();
    assert_true(mote_tokenizer_is_end(t, 0) && !mote_tokenizer_is_end(t, 1));
    mote_tokenizer_free(&t);
}

static void bert(void **state) {
    static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhe\n##llo\n!\n\xc3\xa9\nHe";
    (void)state;
    write_file("vocab.txt", vocabulary);
    mote_tokenizer *t = open_folder();
    EXPECT(t, "H\xc3\x89llo! x [MASK]", MOTE_TOKENIZE_ADD_SPECIAL | MOTE_TOKENIZE_PARSE_SPECIAL, 2, 5, 6, 7, 1, 4, 3);
    EXPECT(t, "\xc3\xa9", 0, 1); /* the accent goes with the case */
    mote_tokenizer_free(&t);
    write_file("tokenizer_config.json", "{'do_lower_case':false,'strip_accents':null,'cls_token':'[CLS]','sep_token':'[SEP]','unk_token':'[UNK]'}");
    t = open_folder();
    EXPECT(t, "Hello \xc3\xa9", MOTE_TOKENIZE_ADD_SPECIAL, 2, 9, 6, 8, 3);
    mote_tokenizer_free(&t);
}

/* The flags of tokenizer_config.json over the post_processor. */
static void flags(void **state) {
    (void)state;
    write_file("tokenizer.json",
               "{'added_tokens':[{'id':1,'content':'<s>','special':true},{'id':2,'content':'</s>','special':true}],'model':{'type':'BPE','vocab':{'a':0},'merges':[]},"
               "'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>'}},{'Sequence':{'id':'A'}}],'special_tokens':{'<s>':{'ids':[1]}}}}");
    write_file("tokenizer_config.json", "{'bos_token':'<s>','eos_token':'</s>'}");
    mote_tokenizer *t = open_folder();
    EXPECT(t, "a", MOTE_TOKENIZE_ADD_SPECIAL, 1, 0);
    mote_tokenizer_free(&t);
    write_file("tokenizer_config.json", "{'bos_token':'<s>','eos_token':'</s>','add_bos_token':false,'add_eos_token':true}");
    t = open_folder();
    EXPECT(t, "a", MOTE_TOKENIZE_ADD_SPECIAL, 0, 2);
    mote_tokenizer_free(&t);
}

static void wrong_files_are_named(void **state) {
    static const struct {
        const char *vocab, *merges, *config, *named;
        mote_status status;
    } cases[] = {
        {VOCAB VOCAB_REST, "a b", "{}", "tokenizer class ''", MOTE_ERR_UNSUPPORTED},
        {VOCAB VOCAB_REST, "a b", "{'tokenizer_class':'CLIPTokenizerFast'}", "CLIPTokenizer", MOTE_ERR_UNSUPPORTED},
        {VOCAB VOCAB_REST, "ab", "{'tokenizer_class':'GPT2Tokenizer'}", "merge without a space", MOTE_ERR_FORMAT},
        {"[1]", "a b", "{'tokenizer_class':'GPT2Tokenizer'}", "model.vocab", MOTE_ERR_FORMAT},
        {"{'a':-1}", "a b", "{'tokenizer_class':'GPT2Tokenizer'}", "without an id", MOTE_ERR_FORMAT},
        {"{'a':", "a b", "{'tokenizer_class':'GPT2Tokenizer'}", "vocab.json", MOTE_ERR_FORMAT},
        {VOCAB VOCAB_REST, "a b", "{'tokenizer_class':'GPT2Tokenizer','added_tokens_decoder':{'x':{'content':'y'}}}", "without an id", MOTE_ERR_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mote_tokenizer *t = NULL;
        mote_error err = {0};
        write_file("vocab.json", cases[i].vocab);
        write_file("merges.txt", cases[i].merges);
        write_file("tokenizer_config.json", cases[i].config);
        mote_status status = mote_tokenizer_open(folder, &t, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].named))
            fail_msg("%s: status %d, message '%s'", cases[i].config, status, err.message);
        assert_null(t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gpt2, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(qwen2, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(bert, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(flags, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(wrong_files_are_named, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
