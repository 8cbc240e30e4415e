/* The two halves of packing a quantised source block (one row): its scales and its numbers. */
#ifndef MOTE_KERNELS_PACK_H
#define MOTE_KERNELS_PACK_H

#include "kernels/panel.h"

/* Writes the scales of a source block as row `row` of a panel's record. */
void mote_pack_store_scales(mote_dtype type, const uint8_t *block, size_t row, uint8_t *record);
/* The block's unsigned numbers, four a word, in the order of k: u [8 words for each 32 weights]. */
void mote_pack_load_numbers(mote_dtype type, const uint8_t *block, uint32_t *u);

#endif
