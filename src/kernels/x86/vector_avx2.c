#include "kernels/x86/lanes_avx2.h"

#include "kernels/levels.h"
#include "kernels/vector_lanes.h"

void mote_vector_init_avx2(mote_kernels *k) {
    vf_fill_vector_table(k);
    mote_attn_init_avx2(k);
    mote_ssm_init_avx2(k);
}
