#include "kernels/x86/lanes_avx512.h"

#include "kernels/levels.h"
#include "kernels/ssm_lanes.h"

void mote_ssm_init_avx512(mote_kernels *k) {
    vf_fill_ssm_table(k);
}
