#include "kernels/arm/lanes_neon.h"

#include "kernels/levels.h"
#include "kernels/vector_lanes.h"

void mote_vector_init_neon(mote_kernels *k) {
    vf_fill_vector_table(k);
    mote_attn_init_neon(k);
    mote_ssm_init_neon(k);
}
