/* Fills the kernel table: the C references first, then every instruction set up to the level. */
#include "kernels/blocks.h"
#include "kernels/levels.h"

void mote_kernels_init(mote_kernels *k, mote_cpu_level level) {
    *k = (mote_kernels){.level = level};
    mote_kernels_init_c(k);
    mote_vector_init_c(k);
    k->quantize = mote_blocks_quantize;
#if defined(__x86_64__)
    if (level >= MOTE_CPU_AVX2) {
        mote_kernels_init_avx2(k);
        mote_vector_init_avx2(k);
        mote_blocks_init_avx2(k);
    }
    if (level == MOTE_CPU_AVXVNNI)
        mote_kernels_init_avxvnni(k);
    if (level >= MOTE_CPU_AVX512) {
        mote_kernels_init_avx512(k);
        mote_vector_init_avx512(k);
        mote_blocks_init_avx512(k);
    }
    if (level >= MOTE_CPU_AVX512VNNI)
        mote_kernels_init_avx512vnni(k);
#elif defined(__aarch64__)
    if (level >= MOTE_CPU_NEON) {
        mote_kernels_init_neon(k);
        mote_vector_init_neon(k);
    }
    if (level >= MOTE_CPU_DOTPROD)
        mote_kernels_init_dotprod(k);
#endif
}
