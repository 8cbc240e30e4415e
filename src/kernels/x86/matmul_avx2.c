/* matmul with AVX2: 8 rows a vector, pairs of products in 16 bits, summed while they fit. */
#include "kernels/x86/matmul_256.h"

#include "kernels/matmul_float.h"

void mote_kernels_init_avx2(mote_kernels *k) {
    k->quantize_q8 = mote_quantize_q8_avx2;
    k->matmul = run_matmul;
}
