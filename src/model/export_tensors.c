/* Every GGUF name of the family becomes one tensor; slots that share a name are its pieces in the table's order, whichever way the checkpoint stores them. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t interleave_of(const mote_hparams *h, mote_slot slot) {
    bool rotated = slot == MOTE_SLOT_Q || slot == MOTE_SLOT_K || slot == MOTE_SLOT_Q_BIAS || slot == MOTE_SLOT_K_BIAS;
    return rotated && h->family->gguf_rope_interleaved && h->rope_neox ? h->head_dim : 0;
}

static bool is_first_of_name(const mote_family *f, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (f->names[j].gguf && strcmp(f->names[j].gguf, f->names[i].gguf) == 0)
            return false;
    return true;
}

/* GGUFs store a column of numbers for each head, and norms of groups as rows. */
static void shape_vector(const mote_hparams *h, mote_slot slot, mote_export_tensor *t) {
    uint64_t n = t->rows * t->dims[0], n_rows = slot == MOTE_SLOT_SSM_A || slot == MOTE_SLOT_SSM_D ? n : slot == MOTE_SLOT_SSM_NORM ? h->recurrent.n_groups : 1;
    bool is_column = slot == MOTE_SLOT_SSM_A || slot == MOTE_SLOT_SSM_D || slot == MOTE_SLOT_SSM_NORM;
    t->is_vector = true;
    t->n_dims = is_column ? 2 : 1;
    t->dims[0] = n / n_rows;
    t->dims[1] = n_rows;
    t->rows = 1;
}

static void add_piece(const mote_export *e, const mote_hparams *h, const mote_tensor_name *n, uint32_t layer, mote_export_tensor *t) {
    bool is_stack = mote_slot_kind_of(n->slot) == MOTE_SLOT_KIND_EXPERTS;
    const mote_tensor_view *v = is_stack ? mote_weights_plan_expert(&e->plan, n->slot, layer, 0) : mote_weights_plan_view(&e->plan, n->slot, layer);
    if (!v->data || t->n_pieces == MOTE_EXPORT_MAX_PIECES)
        return;
    t->n_stack = is_stack ? h->experts.n : 1;
    t->pieces[t->n_pieces] = v;
    t->interleave[t->n_pieces++] = interleave_of(h, n->slot);
    t->dims[0] = v->n_columns;
    t->rows += v->n_rows * t->n_stack;
}

static void add_tensor(mote_export *e, const mote_hparams *h, size_t i, uint32_t layer) {
    const mote_family *f = h->family;
    const mote_tensor_name *first = &f->names[i];
    mote_export_tensor *t = &e->tensors[e->n_tensors];
    mote_slot_kind kind = mote_slot_kind_of(first->slot);
    *t = (mote_export_tensor){.dims = {1, 1, 1, 1}};
    for (size_t j = i; j < f->n_names; j++)
        if (f->names[j].gguf && strcmp(f->names[j].gguf, first->gguf) == 0 && (!mote_slot_is_per_layer(f->names[j].slot) || mote_slot_is_in_layer(h, f->names[j].slot, layer)) &&
            mote_family_is_named(f, &f->names[j], mote_slot_is_per_layer(f->names[j].slot) && h->layers[layer].has_experts))
            add_piece(e, h, &f->names[j], layer, t);
    if (t->n_pieces == 0 || !mote_family_format(first, true, layer, 0, t->name, sizeof t->name))
        return;
    t->adds_one = kind == MOTE_SLOT_KIND_NORM && f->hf_norm_plus_one;
    t->is_matrix = (kind == MOTE_SLOT_KIND_MATRIX && first->slot != MOTE_SLOT_ROUTER) || kind == MOTE_SLOT_KIND_EXPERTS;
    if (kind == MOTE_SLOT_KIND_VECTOR || kind == MOTE_SLOT_KIND_NORM)
        shape_vector(h, first->slot, t);
    else {
        t->n_dims = kind == MOTE_SLOT_KIND_EXPERTS ? 3 : 2;
        t->dims[1] = t->rows / t->n_stack;
        t->dims[2] = t->n_stack;
    }
    e->n_tensors++;
}

static void add_made(mote_export *e, const char *name, const float *values, uint32_t n) {
    mote_export_tensor *t = &e->tensors[e->n_tensors++];
    *t = (mote_export_tensor){.n_dims = 1, .dims = {n, 1, 1, 1}, .rows = 1, .made = values};
    snprintf(t->name, sizeof t->name, "%s", name);
}

/* By what Llama 3's scaling divides each frequency, in float32 as llama.cpp's converter computes it. */
static mote_status make_llama3_factors(mote_export *e, const mote_hparams *h, mote_error *err) {
    const mote_rope_hparams *r = &h->rope;
    uint32_t n = h->n_rot / 2;
    float *factors = e->rope_factors = mote_mem_alloc_array(n, sizeof *factors);
    if (!factors)
        return mote_error_alloc(err, n * sizeof *factors);
    float longest = r->original_context / r->low_freq_factor, shortest = r->original_context / r->high_freq_factor;
    for (uint32_t i = 0; i < n; i++) {
        float frequency = 1 / powf(r->base, (float)(2 * i) / (float)h->n_rot), wavelength = 2 * (float)M_PI / frequency;
        float smooth = (r->original_context / wavelength - r->low_freq_factor) / (r->high_freq_factor - r->low_freq_factor);
        factors[i] = wavelength < shortest ? 1 : wavelength > longest ? r->factor : 1 / ((1 - smooth) / r->factor + smooth);
    }
    add_made(e, "rope_freqs.weight", factors, n);
    return MOTE_OK;
}

static mote_status add_rope(mote_export *e, const mote_hparams *h, mote_error *err) {
    if (h->has_rope_factors) {
        add_made(e, "rope_factors_long.weight", h->rope_long, h->n_rot / 2);
        add_made(e, "rope_factors_short.weight", h->rope_short, h->n_rot / 2);
    }
    return h->rope.scaling == MOTE_ROPE_LLAMA3 ? make_llama3_factors(e, h, err) : MOTE_OK;
}

/* What a checkpoint holds beside weights, and what follows from others. */
static bool is_needless(const mote_source *s, mote_str name) {
    static const char *const ends[] = {"rotary_emb.inv_freq", ".attention.bias", ".attn.bias", ".masked_bias", "position_ids", "pooler.dense.weight", "pooler.dense.bias"};
    static const char *const of_integers[] = {".qweight",           ".qzeros",      ".scales", ".g_idx", ".weight_packed", ".weight_scale", ".weight_shape",
                                              ".weight_zero_point", ".weight_g_idx"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (mote_str_ends(name, mote_str_of(ends[i])))
            return true;
    for (size_t i = 0; s->has_ints && i < sizeof of_integers / sizeof *of_integers; i++)
        if (mote_str_ends(name, mote_str_of(of_integers[i])))
            return true;
    if (s->h.family->is_encoder && mote_str_starts(name, mote_str_of("cls."))) /* BERT's heads of training: masked words, next sentences */
        return true;
    return s->h.ties_output && mote_str_is(name, "lm_head.weight");
}

static int compare_pointers(const void *a, const void *b) {
    const uint8_t *const *x = a, *const *y = b;
    return (*x > *y) - (*x < *y);
}

/* Whether any of the sorted pointers is inside the tensor. */
static bool is_inside(const uint8_t **taken, size_t n, const mote_safetensors_tensor *t) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (taken[middle] < t->data)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && taken[low] < t->data + t->n_bytes;
}

/* Every tensor of the checkpoint is in the file, or is known to be needless: leaving one out would give another model without a word. */
static mote_status check_complete(const mote_source *s, const mote_export *e, mote_error *err) {
    size_t n = 0, most = 0;
    for (size_t i = 0; i < e->n_tensors; i++)
        most += e->tensors[i].n_pieces * e->tensors[i].n_stack;
    const uint8_t **taken = mote_mem_alloc_array(most + 1, sizeof *taken);
    if (!taken)
        return mote_error_alloc(err, most * sizeof *taken);
    for (size_t i = 0; i < e->n_tensors; i++)
        for (size_t p = 0; p < e->tensors[i].n_pieces; p++)
            for (size_t k = 0; k < e->tensors[i].n_stack; k++)
                taken[n++] = e->tensors[i].pieces[p][k].data;
    qsort(taken, n, sizeof *taken, compare_pointers);
    mote_status status = MOTE_OK;
    for (size_t i = 0; status == MOTE_OK && i < mote_safetensors_n_tensors(s->safetensors); i++) {
        const mote_safetensors_tensor *t = mote_safetensors_at(s->safetensors, i);
        bool is_needless_here = is_needless(s, t->name) || (s->has_ints && mote_weights_is_void_bias(t));
        if (!is_needless_here && !is_inside(taken, n, t))
            status =
                mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%.*s' has no place in a GGUF of architecture '%s'", MOTE_STR_ARGS(t->name), mote_export_architecture(&s->h));
    }
    mote_mem_free(taken);
    return status;
}

mote_status mote_export_open(const mote_source *s, mote_export *e, mote_error *err) {
    const mote_hparams *h = &s->h;
    enum { N_MADE = 3 };
    *e = (mote_export){0};
    mote_weights_source source = mote_source_weights(s);
    MOTE_TRY(mote_weights_plan_create(&source, h, (mote_weights_type){0}, &e->plan, err));
    size_t most = h->family->n_names * ((size_t)h->n_layers + 1) + N_MADE;
    e->tensors = mote_mem_zalloc_array(most, sizeof *e->tensors);
    mote_status status = e->tensors ? add_rope(e, h, err) : mote_error_alloc(err, most * sizeof *e->tensors);
    if (status != MOTE_OK) {
        mote_export_close(e);
        return status;
    }
    for (uint32_t pass = 0; pass <= h->n_layers; pass++)
        for (size_t i = 0; i < h->family->n_names; i++)
            if (h->family->names[i].gguf && is_first_of_name(h->family, i) && mote_slot_is_per_layer(h->family->names[i].slot) == (pass > 0))
                add_tensor(e, h, i, pass ? pass - 1 : 0);
    status = check_complete(s, e, err);
    if (status != MOTE_OK)
        mote_export_close(e);
    return status;
}

void mote_export_close(mote_export *e) {
    mote_weights_plan_free(&e->plan);
    mote_mem_free(e->tensors);
    mote_mem_free(e->rope_factors);
    *e = (mote_export){0};
}

/* The piece a row is in, and which of its rows that is. A piece's stack counts as rows one behind the other. */
static size_t piece_of(const mote_export_tensor *t, uint64_t *row) {
    size_t p = 0;
    while (p + 1 < t->n_pieces && *row >= t->pieces[p]->n_rows * t->n_stack)
        *row -= t->pieces[p++]->n_rows * t->n_stack;
    return p;
}

/* Neighbours (2i, 2i + 1) of each head are elements i and i + half of the checkpoint. */
static void interleave(const float *in, uint64_t n_heads, uint32_t head_dim, size_t width, float *out) {
    for (uint64_t h = 0; h < n_heads; h++)
        for (uint32_t i = 0; i < head_dim; i++)
            memcpy(out + (h * head_dim + i) * width, in + (h * head_dim + i % 2 * (head_dim / 2) + i / 2) * width, width * sizeof *out);
}

static void read_vector(const mote_export_tensor *t, float *scratch, float *out) {
    float *at = out;
    for (size_t p = 0; p < t->n_pieces; p++) {
        const mote_tensor_view *v = t->pieces[p];
        size_t n = (size_t)(v->n_rows * v->n_columns);
        mote_tensor_view_read(v, 0, v->n_rows, t->interleave[p] ? scratch : at);
        if (t->interleave[p])
            interleave(scratch, n / t->interleave[p], t->interleave[p], 1, at);
        for (size_t i = 0; t->adds_one && i < n; i++)
            at[i] += 1;
        at += n;
    }
}

void mote_export_read(const mote_export_tensor *t, uint64_t first, uint64_t n, float *scratch, float *out) {
    if (t->made) {
        memcpy(out, t->made, (size_t)t->dims[0] * sizeof *out);
        return;
    }
    if (t->is_vector) {
        read_vector(t, scratch, out);
        return;
    }
    uint64_t row = first;
    size_t p = piece_of(t, &row);
    const mote_tensor_view *v = t->pieces[p] + row / t->pieces[p]->n_rows;
    uint32_t head = t->interleave[p];
    mote_tensor_view_read(v, row % v->n_rows, n, head ? scratch : out);
    if (t->changes[p])
        mote_adapter_change_rows(t->changes[p], row % v->n_rows, n, head ? scratch : out);
    if (head)
        interleave(scratch, n / head, head, (size_t)t->dims[0], out);
}

uint64_t mote_export_step(const mote_export_tensor *t, uint64_t first, uint64_t most) {
    if (t->made || t->is_vector)
        return t->dims[1];
    uint64_t row = first;
    size_t p = piece_of(t, &row);
    uint64_t left = t->pieces[p]->n_rows - row % t->pieces[p]->n_rows, unit = t->interleave[p] ? t->interleave[p] : 1;
    most = most / unit * unit;
    most = most ? most : unit;
    return left < most ? left : most;
}

void mote_export_release(const mote_export_tensor *t, uint64_t first, uint64_t n) {
    if (t->made || t->is_vector)
        return; /* a page at most */
    uint64_t row = first;
    size_t p = piece_of(t, &row);
    const mote_tensor_view *v = t->pieces[p] + row / t->pieces[p]->n_rows;
    uint64_t row_bytes = v->n_bytes / v->n_rows, from = row % v->n_rows * row_bytes;
    if (!v->ints) /* whose rows are all over their words */
        mote_file_map_release(v->data + from, (size_t)(n * row_bytes));
    else if (row % v->n_rows + n == v->n_rows)
        mote_file_map_release(v->data, (size_t)v->n_bytes);
}
