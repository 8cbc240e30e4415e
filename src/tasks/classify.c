/* Scoring: the prompt, then the branches of the labels' trie from the likeliest on. */
#include "tasks/classify_private.h"

#include "base/error.h"
#include "base/mem.h"
#include "tasks/likelihood.h"

#include <math.h>

/* Passes for a text at most; with examples of many labels the first tokens are enough, since the regression tells the rest. */
enum { MAX_PASSES = 8, MANY_LABELS = 20 };
/* A branch less probable than this isn't entered: its labels share what it has. */
static const double MIN_LOG_MASS = -4.6; /* a hundredth */

size_t mote_classifier_find(const mote_classifier *c, const char *label) {
    size_t i = 0;
    while (i < c->n_labels && strcmp(c->labels[i], label) != 0)
        i++;
    return i;
}

/* Log-probabilities of a node's children, normed over them, from the logits of the last token. */
static void norm_children(const mote_classifier *c, uint32_t node, const float *logits, double log_mass, double *out) {
    const mote_trie_node *nodes = c->trie.nodes;
    double sum = 0, max = -INFINITY;
    for (uint32_t k = nodes[node].first_child; k; k = nodes[k].next_sibling) {
        out[k] = logits[nodes[k].token] - (c->shift ? c->shift[k] : 0);
        max = out[k] > max ? out[k] : max;
    }
    for (uint32_t k = nodes[node].first_child; k; k = nodes[k].next_sibling)
        sum += exp(out[k] - max);
    for (uint32_t k = nodes[node].first_child; k; k = nodes[k].next_sibling)
        out[k] += log_mass - max - log(sum);
}

/* Gives each label under a node its share of the node's mass. */
static void share(const mote_classifier *c, uint32_t node, double log_mass, double *scores) {
    const mote_trie_node *n = &c->trie.nodes[node];
    if (n->label >= 0)
        scores[n->label] = log_mass;
    for (uint32_t k = n->first_child; k; k = c->trie.nodes[k].next_sibling)
        share(c, k, log_mass + log((double)c->trie.nodes[k].n_leaves / (double)n->n_leaves), scores);
}

static mote_status walk(mote_classifier *c, uint32_t node, const float *logits, double log_mass, double *masses, double *scores, mote_error *err);

/* Feeds the tokens from a child to the next branch, looks there, and goes back. */
static mote_status enter(mote_classifier *c, uint32_t node, double *masses, double *scores, mote_error *err) {
    const mote_trie_node *nodes = c->trie.nodes;
    double mass = masses[node];
    size_t n_before = mote_session_n_tokens(c->session);
    c->ids.n = 0;
    for (;;) {
        if (mote_ids_append(&c->ids, &nodes[node].token, 1) != MOTE_OK)
            return mote_error_alloc(err, sizeof(int32_t));
        if (nodes[node].label >= 0 || nodes[nodes[node].first_child].next_sibling)
            break;
        node = nodes[node].first_child;
    }
    MOTE_TRY(mote_session_feed(c->session, c->ids.ids, c->ids.n, err));
    c->n_passes++;
    c->n_tokens += c->ids.n;
    MOTE_TRY(walk(c, node, mote_session_logits(c->session), mass, masses, scores, err));
    return mote_session_truncate(c->session, n_before);
}

static mote_status walk(mote_classifier *c, uint32_t node, const float *logits, double log_mass, double *masses, double *scores, mote_error *err) {
    const mote_trie_node *nodes = c->trie.nodes;
    norm_children(c, node, logits, log_mass, masses);
    for (;;) { /* the likeliest of those that are left; what was looked at has mass +1 */
        uint32_t best = 0;
        for (uint32_t k = nodes[node].first_child; k; k = nodes[k].next_sibling)
            if (masses[k] <= 0 && (!best || masses[k] > masses[best]))
                best = k;
        if (!best)
            return MOTE_OK;
        double mass = masses[best];
        if (nodes[best].n_leaves == 1 || mass < MIN_LOG_MASS || c->n_passes >= c->max_passes)
            share(c, best, mass, scores);
        else
            MOTE_TRY(enter(c, best, masses, scores, err));
        masses[best] = 1;
    }
}

mote_status mote_classifier_score(mote_classifier *c, mote_str text, const char *label, mote_error *err) {
    mote_form_value values[] = {{"text", text}, {"label", mote_str_of(label ? label : "")}};
    MOTE_TRY(mote_form_fill(c->form, values, label ? 2 : 1, &c->ids, err));
    size_t n_before = c->n_tokens;
    MOTE_TRY(mote_likelihood_feed(c->session, c->ids.ids, c->ids.n, &c->n_tokens, err));
    c->n_passes += c->n_tokens > n_before;
    double *masses = mote_mem_alloc_array(c->trie.n, sizeof *masses);
    if (!masses)
        return mote_error_alloc(err, c->trie.n * sizeof *masses);
    const float *logits = mote_session_logits(c->session);
    size_t n_embd = c->engine->model->h.n_embd;
    if (c->state)
        memcpy(c->state, mote_decoder_states(c->engine->decoder) + c->session->last_row * n_embd, n_embd * sizeof(float));
    mote_status status = walk(c, 0, logits, 0, masses, c->scores, err);
    mote_mem_free(masses);
    return status;
}

void mote_classifier_combine(const mote_classifier *c, double *scores, const double *ridge_scores) {
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < c->n_labels; i++) {
        scores[i] = c->weight * scores[i] + (ridge_scores ? c->sharpness * ridge_scores[i] : 0);
        max = scores[i] > max ? scores[i] : max;
    }
    for (size_t i = 0; i < c->n_labels; i++)
        sum += scores[i] = exp(scores[i] - max);
    for (size_t i = 0; i < c->n_labels; i++)
        scores[i] /= sum;
}

static mote_status classify_multi(mote_classifier *c, mote_str text, mote_error *err) {
    double *all = mote_mem_alloc_array(c->n_labels, sizeof *all);
    mote_status status = all ? MOTE_OK : mote_error_alloc(err, c->n_labels * sizeof *all);
    for (size_t i = 0; status == MOTE_OK && i < c->n_labels; i++) {
        status = mote_classifier_score(c, text, c->labels[i], err);
        if (status == MOTE_OK)
            all[i] = exp(c->scores[0]);
    }
    if (status == MOTE_OK)
        memcpy(c->scores, all, c->n_labels * sizeof *all);
    mote_mem_free(all);
    return status;
}

mote_status mote_classify(mote_classifier *classifier, const char *text, size_t text_bytes, mote_classify_result *result, mote_error *err) {
    mote_classifier *c = classifier;
    mote_str s = {text, text_bytes};
    c->n_passes = c->n_tokens = 0;
    if (c->multi) {
        MOTE_TRY(classify_multi(c, s, err));
    } else {
        MOTE_TRY(mote_classifier_score(c, s, NULL, err));
        if (c->ridge.n_labels)
            mote_ridge_apply(&c->ridge, c->state, c->ridge_scores);
        mote_classifier_combine(c, c->scores, c->ridge.n_labels ? c->ridge_scores : NULL);
    }
    size_t best = 0;
    for (size_t i = 1; i < c->n_labels; i++)
        best = c->scores[i] > c->scores[best] ? i : best;
    *result = (mote_classify_result){best, c->scores[best], c->scores, c->scores[best] < c->threshold, c->n_tokens, c->n_passes};
    return MOTE_OK;
}

static mote_status check_options(const mote_classify_options *o, mote_error *err) {
    if (o->n_labels < (o->multi ? 1 : 2) || o->n_labels > MOTE_LABELS_MAX)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu labels; there must be %d to %d", o->n_labels, o->multi ? 1 : 2, MOTE_LABELS_MAX);
    if (!(o->threshold >= 0 && o->threshold <= 1))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the threshold %g is not between 0 and 1", o->threshold);
    for (size_t i = 0; i < o->n_labels; i++) {
        if (!o->labels[i][0])
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "label %zu is empty", i + 1);
        for (size_t j = 0; j < i; j++)
            if (strcmp(o->labels[i], o->labels[j]) == 0)
                return mote_error_set(err, MOTE_ERR_ARGUMENT, "the label '%.60s' is there twice", o->labels[i]);
    }
    return MOTE_OK;
}

static mote_status copy_labels(mote_classifier *c, const mote_classify_options *o, mote_error *err) {
    size_t n_scores = o->n_labels < 2 ? 2 : o->n_labels;
    c->labels = mote_mem_zalloc_array(o->n_labels, sizeof *c->labels);
    c->scores = mote_mem_zalloc_array(n_scores, sizeof *c->scores);
    c->ridge_scores = mote_mem_zalloc_array(n_scores, sizeof *c->ridge_scores);
    if (!c->labels || !c->scores || !c->ridge_scores)
        return mote_error_alloc(err, o->n_labels * sizeof *c->labels);
    for (size_t i = 0; i < o->n_labels; i++)
        if (!(c->labels[c->n_labels++] = mote_mem_dup_text(o->labels[i])))
            return mote_error_alloc(err, strlen(o->labels[i]));
    for (size_t i = 0; i < o->n_examples; i++)
        if (mote_classifier_find(c, o->examples[i].label) == c->n_labels)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "example %zu: '%.60s' is none of the labels", i + 1, o->examples[i].label);
    return MOTE_OK;
}

/* What texts without content get: the mean probability at each node. Only branches that such a text enters are corrected; the others have few tokens' difference to tell. */
static mote_status measure_shift(mote_classifier *c, mote_error *err) {
    const mote_json *texts = mote_json_get(c->task.root, "content_free");
    size_t n = mote_json_length(texts);
    if (n == 0)
        return MOTE_OK;
    double *sums = mote_mem_zalloc_array(c->trie.n, sizeof *sums);
    mote_status status = sums ? MOTE_OK : mote_error_alloc(err, c->trie.n * sizeof *sums);
    for (size_t i = 0; status == MOTE_OK && i < n; i++) {
        mote_form_value values[] = {{"text", mote_json_string(mote_json_at(texts, i))}, {"label", MOTE_STR("N/A")}};
        double *masses = c->shift = NULL;
        status = mote_form_fill(c->form, values, 2, &c->ids, err);
        if (status == MOTE_OK)
            status = mote_likelihood_feed(c->session, c->ids.ids, c->ids.n, &c->n_tokens, err);
        masses = status == MOTE_OK ? mote_mem_alloc_array(c->trie.n, sizeof *masses) : NULL;
        if (status == MOTE_OK && !masses)
            status = mote_error_alloc(err, c->trie.n * sizeof *masses);
        if (status == MOTE_OK) {
            norm_children(c, 0, mote_session_logits(c->session), 0, masses);
            for (uint32_t k = c->trie.nodes[0].first_child; k; k = c->trie.nodes[k].next_sibling)
                sums[k] += exp(masses[k]) / (double)n;
        }
        mote_mem_free(masses);
    }
    for (size_t k = 0; status == MOTE_OK && k < c->trie.n; k++)
        sums[k] = sums[k] > 0 ? log(sums[k]) : 0;
    if (status == MOTE_OK)
        c->shift = sums;
    else
        mote_mem_free(sums);
    return status;
}

mote_status mote_classifier_create(mote_engine *engine, const mote_classify_options *options, mote_classifier **classifier, mote_error *err) {
    *classifier = NULL;
    MOTE_TRY(check_options(options, err));
    mote_classifier *c = mote_mem_zalloc_array(1, sizeof *c);
    if (!c)
        return mote_error_alloc(err, sizeof *c);
    c->engine = engine;
    c->threshold = options->threshold;
    c->multi = options->multi;
    c->weight = 1;
    c->max_passes = options->n_examples && options->n_labels > MANY_LABELS ? 1 : MAX_PASSES;
    mote_status status;
    MOTE_TRY_DONE(mote_task_open(&c->task, options->task ? options->task : "classify", "classify", err));
    MOTE_TRY_DONE(copy_labels(c, options, err));
    MOTE_TRY_DONE(mote_session_create(engine, &c->session, err));
    MOTE_TRY_DONE(mote_classifier_prepare(c, options, err));
    MOTE_TRY_DONE(measure_shift(c, err));
    if (!c->multi && options->n_examples)
        MOTE_TRY_DONE(mote_classifier_fit(c, options, err));
    *classifier = c;
    c = NULL;
done:
    mote_classifier_free(&c);
    return status;
}

void mote_classifier_free(mote_classifier **classifier) {
    mote_classifier *c = *classifier;
    *classifier = NULL;
    if (!c)
        return;
    for (size_t i = 0; i < c->n_labels; i++)
        mote_mem_free(c->labels[i]);
    mote_mem_free(c->labels);
    mote_mem_free(c->scores);
    mote_mem_free(c->ridge_scores);
    mote_mem_free(c->state);
    mote_mem_free(c->shift);
    mote_ridge_deinit(&c->ridge);
    mote_trie_deinit(&c->trie);
    mote_prompt_ids_deinit(&c->ids);
    mote_form_free(&c->form);
    mote_session_free(&c->session);
    mote_task_close(&c->task);
    mote_mem_free(c);
}
