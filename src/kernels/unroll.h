/* Loops of a few steps over vectors that have to stay in registers. */
#ifndef MOTE_KERNELS_UNROLL_H
#define MOTE_KERNELS_UNROLL_H

#if defined(__clang__)
#define VF_UNROLL _Pragma("clang loop unroll(full)") /* not plain unroll: that would be done before constants arrive */
#else
#define VF_UNROLL _Pragma("GCC unroll 16")
#endif
#define VF_INLINE static inline __attribute__((always_inline)) /* constant arguments must arrive as constants */

#endif
