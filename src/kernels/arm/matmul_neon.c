/* matmul with plain NEON: 4 rows a vector, widening products. */
#include "kernels/arm/matmul_128.h"

#include "kernels/matmul_float.h"

void mote_kernels_init_neon(mote_kernels *k) {
    k->quantize_q8 = mote_quantize_q8_neon;
    k->matmul = run_matmul;
}
