/* matmul with the dot product instructions of ARMv8.2: 4 rows a vector, four products a lane and instruction. */
#include "kernels/arm/matmul_128.h"

#include "kernels/matmul_float.h"

void mote_kernels_init_dotprod(mote_kernels *k) {
    k->matmul = run_matmul;
}
