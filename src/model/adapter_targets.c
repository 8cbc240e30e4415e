/* Names of adapted modules to slots, by the family's table. A module that is fused in the checkpoint (qkv_proj, gate_up_proj) stands for several slots, each of which takes its
 * rows of B. */
#include "base/error.h"
#include "model/adapter.h"

#include <stdio.h>

/* Layer and expert that `name` has in place of the format's numbers: the last layer that it could be, checked by writing the name again. */
static bool matches(const mote_tensor_name *n, bool is_gguf, const char *name, uint32_t *layer) {
    const char *format = is_gguf ? n->gguf : n->hf, *number = format ? strstr(format, "%u") : NULL;
    char again[MOTE_ADAPTER_NAME_BYTES + 32];
    uint64_t numbers[2] = {0, 0};
    const char *at = name;
    for (int i = 0; i < 2 && number; i++) {
        at += number - format;
        if (strlen(name) < (size_t)(at - name))
            return false;
        for (int digits = 0; *at >= '0' && *at <= '9' && digits < 9; at++, digits++)
            numbers[i] = numbers[i] * 10 + (uint64_t)(*at - '0');
        format = number + 2;
        number = strstr(format, "%u");
    }
    *layer = (uint32_t)numbers[0];
    return mote_family_format(n, is_gguf, (uint32_t)numbers[0], (uint32_t)numbers[1], again, sizeof again) && strcmp(again, name) == 0;
}

static bool can_change(mote_slot slot) {
    switch (slot) {
    case MOTE_SLOT_OUTPUT:
    case MOTE_SLOT_Q:
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
    case MOTE_SLOT_O:
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
    case MOTE_SLOT_DOWN:
    case MOTE_SLOT_MIXER_IN:
    case MOTE_SLOT_MIXER_OUT:
        return true;
    default:
        return false;
    }
}

/* The rows of B before those of a part, and how many there are in all. */
static void rows_of_part(const mote_hparams *h, mote_tensor_part part, uint32_t layer, uint64_t rows, uint64_t *before, uint64_t *all) {
    uint64_t n_q = (uint64_t)h->layers[layer].n_heads * h->head_dim, n_kv = (uint64_t)h->layers[layer].n_kv_heads * h->head_dim;
    bool is_half = part == MOTE_PART_FIRST_HALF || part == MOTE_PART_SECOND_HALF;
    *before = part == MOTE_PART_K ? n_q : part == MOTE_PART_V ? n_q + n_kv : part == MOTE_PART_SECOND_HALF ? rows : 0;
    *all = part == MOTE_PART_WHOLE ? rows : is_half ? 2 * rows : n_q + 2 * n_kv;
}

static mote_status add_target(const mote_adapter_module *m, const mote_hparams *h, const mote_tensor_name *n, bool is_gguf, uint32_t layer,
                              mote_adapter_target targets[MOTE_ADAPTER_MAX_TARGETS], size_t *n_targets, mote_error *err) {
    if (mote_slot_is_per_layer(n->slot) && layer >= h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': the base has no such tensor, its %u layers are blk.0 to blk.%u", MOTE_STR_ARGS(m->name), h->n_layers,
                              h->n_layers - 1);
    if (!can_change(n->slot) || *n_targets == MOTE_ADAPTER_MAX_TARGETS)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED,
                              "adapter tensor '%.*s': adapters of this tensor are not supported; those of attention, recurrent layers, dense feed-forward and head are",
                              MOTE_STR_ARGS(m->name));
    if (mote_slot_is_per_layer(n->slot) && !mote_slot_is_in_layer(h, n->slot, layer))
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': the base's layer %u has no such tensor", MOTE_STR_ARGS(m->name), layer);
    uint64_t rows, columns, before, all;
    mote_slot_shape(h, n->slot, layer, &rows, &columns);
    rows_of_part(h, is_gguf ? n->gguf_part : n->hf_part, layer, rows, &before, &all);
    if (m->a.n_columns != columns || m->b.n_rows != all)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': shape [%llu, %llu], the base's is [%llu, %llu]", MOTE_STR_ARGS(m->name),
                              (unsigned long long)m->a.n_columns, (unsigned long long)m->b.n_rows, (unsigned long long)columns, (unsigned long long)all);
    targets[(*n_targets)++] = (mote_adapter_target){.slot = n->slot, .layer = layer, .first_row = before, .n_rows = rows, .n_columns = columns};
    return MOTE_OK;
}

/* A slot whose tensor has two names in one of the two forms is in the table twice. */
static bool has_target(const mote_adapter_target *targets, size_t n, mote_slot slot) {
    for (size_t i = 0; i < n; i++)
        if (targets[i].slot == slot)
            return true;
    return false;
}

mote_status mote_adapter_find_targets(const mote_adapter_source *s, const mote_adapter_module *m, const mote_hparams *h, mote_adapter_target targets[MOTE_ADAPTER_MAX_TARGETS],
                                      size_t *n_targets, mote_error *err) {
    /* PEFT names modules, not their weights; an adapter that was made on the bare model lacks "model.". */
    static const char *const SPELLINGS[] = {"%.*s.weight", "model.%.*s.weight"};
    bool is_gguf = s->gguf != NULL;
    *n_targets = 0;
    for (int spelling = 0; spelling < (is_gguf ? 1 : 2) && *n_targets == 0; spelling++) {
        char name[MOTE_ADAPTER_NAME_BYTES + 32];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(name, sizeof name, is_gguf ? "%.*s" : SPELLINGS[spelling], (int)(m->name.len < sizeof name ? m->name.len : sizeof name), m->name.data);
#pragma GCC diagnostic pop
        for (size_t i = 0; i < h->family->n_names; i++) {
            uint32_t layer;
            if (matches(&h->family->names[i], is_gguf, name, &layer) && !has_target(targets, *n_targets, h->family->names[i].slot))
                MOTE_TRY(add_target(m, h, &h->family->names[i], is_gguf, layer, targets, n_targets, err));
        }
    }
    if (*n_targets == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' has no tensor of that name in the base (%s)", MOTE_STR_ARGS(m->name), h->family->name);
    return MOTE_OK;
}
