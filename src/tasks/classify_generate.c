/* The plain way beside ours: the model writes the label itself. For measuring. */
#include "tasks/classify_private.h"

#include "base/error.h"
#include "tasks/greedy.h"

#include <strings.h>

enum { SPARE_TOKENS = 8 };

size_t mote_classifier_read(const mote_classifier *c, mote_str answer) {
    size_t i = 0;
    while (answer.len && strchr(" \t\r\"'.", answer.data[0])) {
        answer.data++;
        answer.len--;
    }
    while (answer.len && strchr(" \t\r\"'.", answer.data[answer.len - 1]))
        answer.len--;
    while (i < c->n_labels && !(strlen(c->labels[i]) == answer.len && strncasecmp(c->labels[i], answer.data, answer.len) == 0))
        i++;
    return i;
}

/* Tokens of the longest label, its line end included: how deep the trie is. */
static size_t depth(const mote_trie *trie, uint32_t node) {
    size_t deepest = 0;
    for (uint32_t k = trie->nodes[node].first_child; k; k = trie->nodes[k].next_sibling) {
        size_t d = 1 + depth(trie, k);
        deepest = d > deepest ? d : deepest;
    }
    return deepest;
}

mote_status mote_classifier_generate(mote_classifier *c, mote_session *session, mote_str text, size_t *label, mote_error *err) {
    static const char *const stop[] = {"\n"};
    mote_form_value value = {"text", text};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result answer;
    o.n_predict = (int32_t)(depth(&c->trie, 0) + SPARE_TOKENS);
    o.stop = stop;
    o.n_stop = 1;
    MOTE_TRY(mote_form_fill(c->form, &value, 1, &c->ids, err));
    MOTE_TRY(mote_greedy_answer(session, &c->ids, &o, &answer, err));
    *label = mote_classifier_read(c, (mote_str){answer.text, answer.text_bytes});
    mote_generate_result_deinit(&answer);
    return MOTE_OK;
}
