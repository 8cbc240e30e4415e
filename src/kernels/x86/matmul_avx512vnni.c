/* matmul with AVX-512 and its VNNI: 16 rows a vector, four products a lane and instruction. */
#include "kernels/x86/matmul_512.h"

#include "kernels/matmul_float.h"

void mote_kernels_init_avx512vnni(mote_kernels *k) {
    k->matmul = run_matmul;
}
