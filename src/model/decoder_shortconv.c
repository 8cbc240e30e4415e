/* Gated short convolutions in a pass (LFM2; modeling_lfm2.py of transformers is the reference): [B; C; X] = in_proj x, then out_proj (C * convolution(B * X)). The convolution goes
 * by channels, tokens in order inside each. */
#include "model/decoder_private.h"
#include "model/recurrent.h"

void mote_decoder_shortconv(mote_decoder *d, uint32_t l) {
    const mote_model *m = d->model;
    const mote_layer *layer = &m->w.layers[l];
    const mote_packed *in[] = {&layer->m[MOTE_SLOT_MIXER_IN]}, *out[] = {&layer->m[MOTE_SLOT_MIXER_OUT]};
    size_t width = m->h.n_embd;
    mote_decoder_products(d, in, &d->mixed, 1, d->n);
    if (layer->vectors[MOTE_SLOT_MIXER_IN_BIAS]) {
        MOTE_FOR_EACH(d, t, d->n)
        m->kernels.add(d->mixed + t * 3 * width, layer->vectors[MOTE_SLOT_MIXER_IN_BIAS], 3 * width);
        mote_thread_pool_barrier(d->pool);
    }
    mote_ssm_conv conv = {.n_taps = m->h.recurrent.n_taps,
                          .n_channels = width,
                          .weight = layer->vectors[MOTE_SLOT_CONV],
                          .bias = layer->vectors[MOTE_SLOT_CONV_BIAS],
                          .state = mote_cache_state(d->cache, l)};
    MOTE_FOR_EACH(d, i, (width + MOTE_DECODER_TASK_CHANNELS - 1) / MOTE_DECODER_TASK_CHANNELS) {
        size_t first = i * MOTE_DECODER_TASK_CHANNELS, rest = width - first, last = first + (rest < MOTE_DECODER_TASK_CHANNELS ? rest : MOTE_DECODER_TASK_CHANNELS);
        m->kernels.ssm.conv_gated(&conv, first, last, d->mixed, d->n);
    }
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, t, d->n)
    mote_decoder_set_acts(d, &d->acts, t, d->mixed + t * 3 * width, out, 1);
    mote_thread_pool_barrier(d->pool);
    mote_decoder_products(d, out, &d->out, 1, d->n);
}
