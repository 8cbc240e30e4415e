#include "model/rope.h"

#include <math.h>

/* Llama 3.1's scaling: long wavelengths are divided by the factor, short ones stay, those between are blended. */
static float scale_llama3(const mote_rope_hparams *r, float inv_freq) {
    float wavelength = 2 * (float)M_PI / inv_freq;
    float low = r->original_context / r->low_freq_factor, high = r->original_context / r->high_freq_factor;
    if (wavelength > low)
        return inv_freq / r->factor;
    if (wavelength < high)
        return inv_freq;
    float smooth = (r->original_context / wavelength - r->low_freq_factor) / (r->high_freq_factor - r->low_freq_factor);
    return (1 - smooth) * inv_freq / r->factor + smooth * inv_freq;
}

/* YaRN (arXiv 2309.00071): fast rotations stay, slow ones are divided by the factor, those between are blended linearly by their index. */
static void scale_yarn(const mote_rope_hparams *r, uint32_t n_rot, float *inv_freq) {
    double n = n_rot, per_turn = 2 * log((double)r->base);
    double low = floor(n * log((double)r->original_context / ((double)r->beta_fast * 2 * M_PI)) / per_turn);
    double high = ceil(n * log((double)r->original_context / ((double)r->beta_slow * 2 * M_PI)) / per_turn);
    low = low < 0 ? 0 : low;
    high = high > n - 1 ? n - 1 : high;
    if (high == low)
        high += 0.001;
    for (uint32_t i = 0; i < n_rot / 2; i++) {
        double ramp = ((double)i - low) / (high - low);
        ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
        inv_freq[i] = (float)((double)inv_freq[i] * (1 - ramp) + (double)inv_freq[i] / (double)r->factor * ramp);
    }
}

void mote_rope_frequencies(const mote_rope_hparams *r, uint32_t n_rot, const float *factors, float *inv_freq) {
    for (uint32_t i = 0; i < n_rot / 2; i++) {
        float f = (float)(1 / pow((double)r->base, (double)(2 * i) / n_rot));
        if (r->scaling == MOTE_ROPE_LINEAR)
            f /= r->factor;
        else if (r->scaling == MOTE_ROPE_LLAMA3)
            f = scale_llama3(r, f);
        inv_freq[i] = factors ? f / factors[i] : f;
    }
    if (r->scaling == MOTE_ROPE_YARN)
        scale_yarn(r, n_rot, inv_freq);
}

void mote_rope_angles(const float *inv_freq, uint32_t n_rot, size_t position, float factor, float *cos_sin) {
    for (uint32_t i = 0; i < n_rot / 2; i++) {
        double angle = (double)((float)position * inv_freq[i]); /* the product in float32, as the reference */
        cos_sin[i] = (float)cos(angle) * factor;
        cos_sin[n_rot / 2 + i] = (float)sin(angle) * factor;
    }
}
