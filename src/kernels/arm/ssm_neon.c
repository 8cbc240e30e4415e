#include "kernels/arm/lanes_neon.h"

#include "kernels/levels.h"
#include "kernels/ssm_lanes.h"

void mote_ssm_init_neon(mote_kernels *k) {
    vf_fill_ssm_table(k);
}
