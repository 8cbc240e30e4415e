/* Quantising while loading: a mix (model/mix.h) says the type of each tensor by its name in a GGUF, whatever the source is. */
#include "base/error.h"
#include "base/mem.h"
#include "model/weights.h"

#include <string.h>
#include <unistd.h>

mote_status mote_weights_type_read(const char *name, bool is_folder, uint64_t mem_max_bytes, mote_weights_type *type, mote_error *err) {
    *type = (mote_weights_type){0};
    if (!name) {
        long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
        uint64_t memory = mem_max_bytes != 0 ? mem_max_bytes : pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
        type->limit_bytes = is_folder ? memory / 2 : 0;
        return MOTE_OK;
    }
    if (strcasecmp(name, "f32") == 0) {
        type->exact = true;
        return MOTE_OK;
    }
    return mote_mix_find(name, &type->mix, err);
}

/* The tensors of a plan as a mix wants to see them, and the views that each stands for. */
typedef struct tensor_list {
    mote_mix_tensor *tensors;
    char (*names)[128];
    mote_tensor_view **views; /* the first of each */
    size_t *n_views;          /* that follow each other */
    mote_dtype *types;
    size_t n;
} tensor_list;

static void free_list(tensor_list *list) {
    mote_mem_free(list->tensors);
    mote_mem_free(list->names);
    mote_mem_free(list->views);
    mote_mem_free(list->n_views);
    mote_mem_free(list->types);
}

static void add_tensor(tensor_list *list, const mote_weights_plan *plan, const mote_tensor_name *name, uint32_t layer) {
    bool is_expert = mote_slot_kind_of(name->slot) == MOTE_SLOT_KIND_EXPERTS;
    if (is_expert && plan->n_experts == 0)
        return; /* a family that may have experts, a model that has none */
    const mote_tensor_view *v = is_expert ? mote_weights_plan_expert(plan, name->slot, layer, 0) : mote_weights_plan_view(plan, name->slot, layer);
    char *text = list->names[list->n];
    if (!v->data || !mote_family_format(name, true, layer, 0, text, sizeof list->names[0]))
        return;
    list->tensors[list->n] = (mote_mix_tensor){.name = mote_str_of(text), .type = v->type, .dims = {v->n_columns, v->n_rows, is_expert ? plan->n_experts : 1, 1}};
    list->views[list->n] = (mote_tensor_view *)v;
    list->n_views[list->n] = is_expert ? plan->n_experts : 1;
    list->n++;
}

mote_status mote_weights_plan_set_mix(mote_weights_plan *plan, const mote_hparams *h, const mote_mix *mix, mote_error *err) {
    const mote_family *f = h->family;
    size_t most = f->n_names * h->n_layers;
    tensor_list list = {.tensors = mote_mem_zalloc_array(most, sizeof *list.tensors),
                        .names = mote_mem_zalloc_array(most, sizeof *list.names),
                        .views = mote_mem_zalloc_array(most, sizeof *list.views),
                        .n_views = mote_mem_zalloc_array(most, sizeof *list.n_views),
                        .types = mote_mem_zalloc_array(most, sizeof *list.types)};
    mote_status status = MOTE_OK;
    if (!list.tensors || !list.names || !list.views || !list.n_views || !list.types) {
        status = mote_error_alloc(err, most * sizeof *list.tensors);
        goto done;
    }
    for (size_t i = 0; i < f->n_names; i++) {
        mote_slot_kind kind = mote_slot_kind_of(f->names[i].slot);
        uint32_t n_layers = mote_slot_is_per_layer(f->names[i].slot) ? h->n_layers : 1;
        for (uint32_t l = 0; (kind == MOTE_SLOT_KIND_MATRIX || kind == MOTE_SLOT_KIND_EXPERTS) && l < n_layers; l++)
            if (mote_family_is_named(f, &f->names[i], mote_slot_is_per_layer(f->names[i].slot) && h->layers[l].has_experts))
                add_tensor(&list, plan, &f->names[i], l);
    }
    mote_mix_options options = {.mix = mix};
    mote_mix_model model = {.architecture = mote_str_of(f->name),
                            .n_layers = h->n_layers,
                            .n_experts = h->experts.n,
                            .n_heads = h->layers[0].n_heads,
                            .n_kv_heads = h->layers[0].mixer == MOTE_MIXER_ATTENTION ? h->layers[0].n_kv_heads : 0};
    MOTE_TRY_DONE(mote_mix_choose(&options, &model, list.tensors, list.n, list.types, NULL, err));
    for (size_t i = 0; i < list.n; i++)
        for (size_t v = 0; v < list.n_views[i]; v++)
            if (mote_pack_panel_bytes(list.types[i], (size_t)list.views[i][v].n_columns) != 0)
                list.views[i][v].packed_type = list.types[i];
    mote_weights_plan_count_packed(plan, h);
done:
    free_list(&list);
    return status;
}
