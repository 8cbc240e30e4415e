/* Converting a folder with adapters added: the half of merging that convert.c does. */
#ifndef MOTE_LEARN_CONVERT_H
#define MOTE_LEARN_CONVERT_H

#include <mote/convert.h>
#include <mote/merge.h>

/* As mote_merge_model for a folder. */
MOTE_MUST_CHECK mote_status mote_convert_merged(const char *folder, const char *const *adapter_paths, const float *scales, size_t n, const char *out,
                                                const mote_merge_options *options, mote_merge_result *result, mote_error *err);

#endif
