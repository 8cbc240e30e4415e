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

void mote_rope_frequencies(const mote_rope_hparams *r, uint32_t n_rot, const float *factors, float *inv_freq) {
    for (uint32_t i = 0; i < n_rot / 2; i++) {
        float f = (float)(1 / pow((double)r->base, (double)(2 * i) / n_rot));
        if (r->scaling == MOTE_ROPE_LINEAR)
            f /= r->factor;
        else if (r->scaling == MOTE_ROPE_LLAMA3)
            f = scale_llama3(r, f);
        inv_freq[i] = factors ? f / factors[i] : f;
    }
}

void mote_rope_angles(const float *inv_freq, uint32_t n_rot, size_t position, float *cos_sin) {
    for (uint32_t i = 0; i < n_rot / 2; i++) {
        double angle = (double)((float)position * inv_freq[i]); /* the product in float32, as the reference */
        cos_sin[i] = (float)cos(angle);
        cos_sin[n_rot / 2 + i] = (float)sin(angle);
    }
}
