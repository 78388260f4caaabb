/* SPDX-License-Identifier: Apache-2.0 */
/* 1 / sqrt(x) in fixed point with LiteRT's roundings; operators/l2_normalization.py says the same
 * in NumPy. */
#ifndef MICROTVM_INVERSE_SQRT_H_
#define MICROTVM_INVERSE_SQRT_H_

#include <stdint.h>

/* The high 32 bits of twice the product, rounded, halves upwards. */
static inline int32_t mt_product32(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

static inline int32_t mt_saturate32(int64_t value) {
    return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

/* The multiplier and the shift, as in microtvm_requantize.h, by Newton's iteration. */
static inline int32_t mt_inverse_sqrt(int32_t value, int32_t *shift) {
    *shift = 0;
    if (value <= 1) {
        return INT32_MAX;
    }
    int32_t exponent = -11;
    while (value >= (1 << 29)) {
        value /= 4;
        --exponent;
    }
    while (value < (1 << 27)) {
        value *= 4;
        ++exponent;
    }
    int32_t half = ((value >> 1) + 1) >> 1;
    int32_t x = 1 << 28; /* with three bits before the point */
    for (int32_t i = 0; i < 5; ++i) {
        int32_t cube = mt_saturate32((int64_t)mt_product32(mt_product32(x, x), x) * 64);
        int32_t next = mt_product32((1 << 28) + (1 << 27), x) - mt_product32(half, cube);
        x = mt_saturate32((int64_t)next * 8);
    }
    x = mt_product32(x, 1518500250); /* sqrt(2) / 2 */
    if (exponent > 0) {
        return x * (1 << exponent);
    }
    *shift = exponent;
    return x;
}

#endif
