#include "kernels/arm/lanes_neon.h"

#include "kernels/attn_lanes.h"
#include "kernels/levels.h"

void mote_attn_init_neon(mote_kernels *k) {
    vf_fill_attn_table(k);
}
