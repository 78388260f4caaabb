/* SPDX-License-Identifier: Apache-2.0 */
/* Included before each file of CMSIS-NN, and of code that calls it. On 32-bit Arm it is empty:
 * there CMSIS-Core, or CMSIS-NN itself from 4.1 on, has what is needed. Elsewhere the kernels are
 * plain C but for a few names that these headers would define. */
#ifndef CMSIS_NN_PORTABLE_H_
#define CMSIS_NN_PORTABLE_H_

#if !defined(__arm__)

#include <stdint.h>

#define __GNUC_PYTHON__ /* CMSIS-NN's name for a machine without CMSIS-Core */
#define __RESTRICT      __restrict
#define __CLZ           cmsis_nn_leading_zeros
#define __SSAT          cmsis_nn_saturate_signed
#define __USAT          cmsis_nn_saturate_unsigned

static inline uint8_t cmsis_nn_leading_zeros(uint32_t value) {
    return (uint8_t)(value == 0 ? 32 : __builtin_clz(value));
}

static inline int32_t cmsis_nn_saturate_signed(int32_t value, uint32_t bits) {
    int32_t most = (int32_t)((1u << (bits - 1)) - 1);
    return value > most ? most : value < -most - 1 ? -most - 1 : value;
}

static inline uint32_t cmsis_nn_saturate_unsigned(int32_t value, uint32_t bits) {
    int32_t most = (int32_t)((1u << bits) - 1);
    return (uint32_t)(value > most ? most : value < 0 ? 0 : value);
}

#endif

#endif
