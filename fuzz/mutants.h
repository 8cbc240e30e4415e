/* The driver of structure-aware mutants: which files they start from, and what is done with each. */
#ifndef MOTE_FUZZ_MUTANTS_H
#define MOTE_FUZZ_MUTANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A valid file and what it is:
 *   gguf:FILE        a model in one file
 *   folder:FILE      a file of a model's folder (config.json, model.safetensors, ...); the others stay as they are
 *   tokenizer:FILE   tokenizer.json or tokenizer.model of a folder, or a GGUF with a vocabulary
 *   adapter:FILE:MODEL   a GGUF adapter, or a file of a PEFT folder, with the model it belongs to
 *   imatrix:FILE:MODEL   an importance matrix, and the GGUF to quantise with it
 *   safetensors:FILE     a file alone
 * How it is mutated follows from its name. */
typedef struct mutants_base {
    const char *kind;
    char *path, *model;
    uint8_t *data;
    size_t n_bytes;
} mutants_base;

typedef struct mutants_bases {
    mutants_base *items;
    size_t n, capacity;
} mutants_bases;

/* "KIND:FILE[:MODEL]"; false and a message when it can't be read. */
bool mutants_bases_add(mutants_bases *bases, const char *spec);
/* All files below a folder that are one of the kinds (none larger than a few MiB). */
void mutants_bases_add_folder(mutants_bases *bases, const char *folder);
/* Files made here, in `scratch`: a model with a tensor of every block type, vocabularies of every kind from fuzz/corpus/tokenizer, an adapter. */
bool mutants_bases_make(mutants_bases *bases, const char *source_folder, const char *scratch);
void mutants_bases_free(mutants_bases *bases);

/* What became of a mutant. */
typedef enum mutants_outcome { MUTANTS_REJECTED, MUTANTS_ACCEPTED, MUTANTS_WRONG } mutants_outcome;

typedef struct mutants_report {
    char *phase; /* [phase_bytes] shared with the parent: what is being done, told when the process dies */
    size_t phase_bytes;
    char message[640];   /* why it was rejected, or what is wrong */
    bool ran, quantised; /* of an accepted one */
} mutants_report;

/* Opens the mutant of kind `kind` at `path` (a file or a folder); what is accepted is used: eight tokens, quantising. `turn` varies how. */
mutants_outcome mutants_use(const char *kind, const char *path, const char *model, const char *scratch, uint64_t turn, mutants_report *report);

#endif
