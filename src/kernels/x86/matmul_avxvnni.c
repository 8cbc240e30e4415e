/* matmul with AVX-VNNI: 8 rows a vector, four products a lane and instruction. */
#include "kernels/x86/matmul_256.h"

#include "kernels/matmul_float.h"

void mote_kernels_init_avxvnni(mote_kernels *k) {
    k->matmul = run_matmul;
}
