/* Mamba-2 in a pass (kernels/ssm.h has the formulas; modeling_mamba2.py of transformers is the reference): projections of all tokens as products, then the convolution by channels
 * and the scan by heads, tokens in order inside each. The gate comes before the norm, which runs over each group's channels. */
#include "model/decoder_private.h"
#include "model/recurrent.h"

/* Adds the projection's bias where there is one, and turns dt into steps and decays. */
static void prepare_token(mote_decoder *d, const mote_layer *layer, size_t t) {
    const mote_model *m = d->model;
    size_t width = mote_recurrent_in_width(&m->h, MOTE_MIXER_MAMBA2), n_heads = m->h.recurrent.n_heads;
    float *row = d->mixed + t * width;
    if (layer->vectors[MOTE_SLOT_MIXER_IN_BIAS])
        m->kernels.add(row, layer->vectors[MOTE_SLOT_MIXER_IN_BIAS], width);
    m->kernels.ssm.steps(row + width - n_heads, layer->vectors[MOTE_SLOT_SSM_DT_BIAS], layer->vectors[MOTE_SLOT_SSM_A], d->decay + t * n_heads, n_heads);
}

static void scan_head(mote_decoder *d, const mote_layer *layer, uint32_t l, size_t head) {
    const mote_hparams *h = &d->model->h;
    const mote_recurrent_hparams *r = &h->recurrent;
    size_t width = mote_recurrent_in_width(h, MOTE_MIXER_MAMBA2), head_dim = mote_recurrent_head_dim(h), group = head / (r->n_heads / r->n_groups);
    float *x = d->mixed + r->d_inner, *b = x + r->d_inner, *c = b + (size_t)r->n_groups * r->d_state, *dt = c + (size_t)r->n_groups * r->d_state;
    float *state = (float *)mote_cache_state(d->cache, l) + mote_recurrent_heads_offset(h, MOTE_MIXER_MAMBA2);
    d->model->kernels.ssm.scan(&(mote_ssm_scan){.n_tokens = d->n,
                                                .head_dim = head_dim,
                                                .d_state = r->d_state,
                                                .state = state + head * head_dim * r->d_state,
                                                .x = x + head * head_dim,
                                                .b = b + group * r->d_state,
                                                .c = c + group * r->d_state,
                                                .x_stride = width,
                                                .dt = dt + head,
                                                .dt_stride = width,
                                                .decay = d->decay + head,
                                                .decay_stride = r->n_heads,
                                                .skip = layer->vectors[MOTE_SLOT_SSM_D][head],
                                                .y = x + head * head_dim,
                                                .y_stride = width});
}

/* norm(y * silu(z)) of token t, group by group, as the output projection's input. */
static void gate_and_norm(mote_decoder *d, const mote_layer *layer, size_t t, int worker) {
    const mote_model *m = d->model;
    const mote_recurrent_hparams *r = &m->h.recurrent;
    const float *z = d->mixed + t * mote_recurrent_in_width(&m->h, MOTE_MIXER_MAMBA2), *weight = layer->vectors[MOTE_SLOT_SSM_NORM];
    float *row = d->rows + (size_t)worker * d->row_stride;
    size_t group = r->d_inner / r->n_groups;
    m->kernels.silu_mul(row, z, z + r->d_inner, r->d_inner);
    for (size_t i = 0; i < r->d_inner; i += group)
        m->kernels.rms_norm(row + i, weight + i, row + i, group, m->h.norm_eps);
    const mote_packed *users[] = {&layer->m[MOTE_SLOT_MIXER_OUT]};
    mote_decoder_set_acts(d, &d->acts, t, row, users, 1);
}

void mote_decoder_mamba(mote_decoder *d, uint32_t l, int worker) {
    const mote_model *m = d->model;
    const mote_hparams *h = &m->h;
    const mote_layer *layer = &m->w.layers[l];
    const mote_packed *in[] = {&layer->m[MOTE_SLOT_MIXER_IN]}, *out[] = {&layer->m[MOTE_SLOT_MIXER_OUT]};
    mote_decoder_products(d, in, &d->mixed, 1, d->n);
    MOTE_FOR_EACH(d, t, d->n)
    prepare_token(d, layer, t);
    mote_thread_pool_barrier(d->pool);
    mote_ssm_conv conv = {.n_taps = h->recurrent.n_taps,
                          .n_channels = mote_recurrent_channels(h, MOTE_MIXER_MAMBA2),
                          .weight = layer->vectors[MOTE_SLOT_CONV],
                          .bias = layer->vectors[MOTE_SLOT_CONV_BIAS],
                          .state = mote_cache_state(d->cache, l)};
    MOTE_FOR_EACH(d, i, (conv.n_channels + MOTE_DECODER_TASK_CHANNELS - 1) / MOTE_DECODER_TASK_CHANNELS) {
        size_t first = i * MOTE_DECODER_TASK_CHANNELS, rest = conv.n_channels - first, last = first + (rest < MOTE_DECODER_TASK_CHANNELS ? rest : MOTE_DECODER_TASK_CHANNELS);
        m->kernels.ssm.conv_silu(&conv, first, last, d->mixed + h->recurrent.d_inner, mote_recurrent_in_width(h, MOTE_MIXER_MAMBA2), d->n);
    }
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, head, h->recurrent.n_heads)
    scan_head(d, layer, l, head);
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, t, d->n)
    gate_and_norm(d, layer, t, worker);
    mote_thread_pool_barrier(d->pool);
    mote_decoder_products(d, out, &d->out, 1, d->n);
}
