#include "kernels/x86/lanes_avx2.h"

#include "kernels/attn_lanes.h"
#include "kernels/levels.h"

void mote_attn_init_avx2(mote_kernels *k) {
    vf_fill_attn_table(k);
}
