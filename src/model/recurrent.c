#include "model/recurrent.h"

bool mote_recurrent_has(const mote_hparams *h) {
    for (uint32_t l = 0; l < h->n_layers; l++)
        if (mote_recurrent_is(h->layers[l].mixer))
            return true;
    return false;
}

size_t mote_recurrent_head_dim(const mote_hparams *h) {
    return h->recurrent.d_inner / h->recurrent.n_heads;
}

size_t mote_recurrent_channels(const mote_hparams *h, mote_mixer mixer) {
    const mote_recurrent_hparams *r = &h->recurrent;
    return mixer == MOTE_MIXER_MAMBA2 ? r->d_inner + 2 * (size_t)r->n_groups * r->d_state : mixer == MOTE_MIXER_SHORTCONV ? h->n_embd : 0;
}

size_t mote_recurrent_in_width(const mote_hparams *h, mote_mixer mixer) {
    size_t n = mote_recurrent_channels(h, mixer);
    return mixer == MOTE_MIXER_MAMBA2 ? h->recurrent.d_inner + n + h->recurrent.n_heads : 3 * n;
}

size_t mote_recurrent_out_width(const mote_hparams *h, mote_mixer mixer) {
    return mixer == MOTE_MIXER_MAMBA2 ? h->recurrent.d_inner : mixer == MOTE_MIXER_SHORTCONV ? h->n_embd : 0;
}

static size_t widest(const mote_hparams *h, size_t (*width)(const mote_hparams *h, mote_mixer mixer)) {
    size_t most = 0;
    for (uint32_t l = 0; l < h->n_layers; l++) {
        size_t n = width(h, h->layers[l].mixer);
        most = n > most ? n : most;
    }
    return most;
}

size_t mote_recurrent_widest_in(const mote_hparams *h) {
    return widest(h, mote_recurrent_in_width);
}

size_t mote_recurrent_widest_out(const mote_hparams *h) {
    return widest(h, mote_recurrent_out_width);
}

size_t mote_recurrent_heads_offset(const mote_hparams *h, mote_mixer mixer) {
    enum { ALIGNMENT = 16 };
    size_t n = mote_recurrent_is(mixer) ? (h->recurrent.n_taps - 1) * mote_recurrent_channels(h, mixer) : 0;
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t mote_recurrent_state_floats(const mote_hparams *h, mote_mixer mixer) {
    size_t n = mote_recurrent_heads_offset(h, mixer);
    return mixer == MOTE_MIXER_MAMBA2 ? n + (size_t)h->recurrent.d_inner * h->recurrent.d_state : n;
}
