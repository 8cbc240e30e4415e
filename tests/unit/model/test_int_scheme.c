/* quantization_config as the projects write it, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/int_scheme.h"

/* ' in place of ". */
static mote_status read_scheme(const char *text, bool *has_ints, mote_int_scheme *s, mote_error *err) {
    char quoted[1024];
    mote_json *config = NULL;
    snprintf(quoted, sizeof quoted, "%s", text);
    for (char *p = quoted; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    assert_int_equal(mote_json_parse(quoted, strlen(quoted), &config, err), MOTE_OK);
    mote_status status = mote_int_scheme_from_config(config, has_ints, s, err);
    mote_json_free(&config);
    return status;
}

static void accepted(void **state) {
    static const struct {
        const char *config;
        bool has_ints;
        mote_int_scheme scheme;
    } cases[] = {
        {"{}", false, {0}},
        {"{'quantization_config':null}", false, {0}},
        {"{'quantization_config':{'quant_method':'gptq','bits':4,'group_size':128,'desc_act':true,'sym':true}}", true, {MOTE_INT_GPTQ, 4, 128, true}},
        {"{'quantization_config':{'quant_method':'gptq','bits':8,'group_size':-1,'checkpoint_format':'gptq_v2','dynamic':{'-:.*down.*':{}}}}", true, {MOTE_INT_GPTQ, 8, 0, false}},
        {"{'quantization_config':{'quant_method':'awq','bits':4,'group_size':64,'version':'gemm','zero_point':true,'modules_to_not_convert':null}}",
         true,
         {MOTE_INT_AWQ, 4, 64, false}},
        {"{'quantization_config':{'quant_method':'awq','w_bit':4,'q_group_size':128,'version':'GEMM'}}", true, {MOTE_INT_AWQ, 4, 128, false}},
        {"{'quantization_config':{'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'group_0':{'targets':['Linear'],'weights':{'num_bits':4,"
         "'type':'int','strategy':'group','group_size':32,'symmetric':false}}},'ignore':['lm_head']}}",
         true,
         {MOTE_INT_PACKED, 4, 32, false}},
        {"{'compression_config':{'quant_method':'compressed-tensors','format':'int-quantized','config_groups':{'group_0':{'weights':{'num_bits':8,'type':'int','strategy':"
         "'channel','group_size':null}}}}}",
         true,
         {MOTE_INT_PLAIN, 8, 0, false}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool has_ints = !cases[i].has_ints;
        mote_int_scheme s;
        mote_error err = {0};
        if (read_scheme(cases[i].config, &has_ints, &s, &err) != MOTE_OK)
            fail_msg("%s: %s", cases[i].config, err.message);
        const mote_int_scheme *w = &cases[i].scheme;
        if (has_ints != cases[i].has_ints || s.layout != w->layout || s.bits != w->bits || s.group_size != w->group_size || s.zeros_less_one != w->zeros_less_one)
            fail_msg("%s: layout %d, %u bits, groups of %u", cases[i].config, s.layout, s.bits, s.group_size);
    }
}

static void refused_by_name(void **state) {
#define METHOD(rest) "{'quantization_config':{" rest "}}"
#define GROUPS(a, b) "'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':{'g0':{'weights':{" a "}},'g1':{'weights':{" b "}}}"
    static const struct {
        const char *config, *named;
        mote_status status;
    } cases[] = {
        {METHOD("'quant_method':'fp8'"), "quant_method 'fp8'", MOTE_ERR_UNSUPPORTED},
        {METHOD("'quant_method':'bitsandbytes','load_in_4bit':true"), "bitsandbytes", MOTE_ERR_UNSUPPORTED},
        {METHOD("'bits':4"), "quant_method", MOTE_ERR_FORMAT},
        {METHOD("'quant_method':'gptq','group_size':128"), "bits", MOTE_ERR_FORMAT},
        {METHOD("'quant_method':'gptq','bits':4,'group_size':0"), "group_size", MOTE_ERR_FORMAT},
        {METHOD("'quant_method':'gptq','bits':'4','group_size':128"), "bits", MOTE_ERR_FORMAT},
        {METHOD("'quant_method':'gptq','bits':4,'group_size':128,'checkpoint_format':'marlin'"), "checkpoint_format 'marlin'", MOTE_ERR_UNSUPPORTED},
        {METHOD("'quant_method':'gptq','bits':4,'group_size':128,'is_marlin_format':true"), "is_marlin_format", MOTE_ERR_UNSUPPORTED},
        {METHOD("'quant_method':'gptq','bits':4,'group_size':128,'dynamic':{'.*up.*':{'bits':8}}"), "dynamic", MOTE_ERR_UNSUPPORTED},
        {METHOD("'quant_method':'awq','bits':4,'group_size':128,'version':'gemv'"), "version 'gemv'", MOTE_ERR_UNSUPPORTED},
        {METHOD("'quant_method':'compressed-tensors','format':'float-quantized','config_groups':{'g':{'weights':{'num_bits':8}}}"), "float-quantized", MOTE_ERR_UNSUPPORTED},
        {METHOD("'quant_method':'compressed-tensors','format':'pack-quantized'"), "config_groups", MOTE_ERR_FORMAT},
        {METHOD("'quant_method':'compressed-tensors','config_groups':{'g':{'weights':{'num_bits':8}}}"), "format", MOTE_ERR_FORMAT},
        {METHOD(GROUPS("'num_bits':4,'group_size':32", "'num_bits':8,'group_size':32")), "different sizes", MOTE_ERR_UNSUPPORTED},
        {METHOD(GROUPS("'num_bits':4,'type':'float'", "'num_bits':4")), "type 'float'", MOTE_ERR_UNSUPPORTED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool has_ints;
        mote_int_scheme s;
        mote_error err = {0};
        mote_status status = read_scheme(cases[i].config, &has_ints, &s, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].named))
            fail_msg("%s: status %d, message '%s'", cases[i].config, status, err.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused_by_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
