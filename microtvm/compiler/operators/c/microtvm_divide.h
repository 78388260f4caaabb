/* SPDX-License-Identifier: Apache-2.0 */
/* Quotients with LiteRT's roundings; microtvm/compiler/operators/divide.py says the same in NumPy.
 * Needs microtvm_requantize.h. */
#ifndef MICROTVM_DIVIDE_H_
#define MICROTVM_DIVIDE_H_

#include <stdint.h>

/* How often a value can be doubled within int32, at most 31 times. */
static inline int32_t mt_headroom(int32_t value) {
    uint32_t size = (uint32_t)(value < 0 ? ~value : value);
    int32_t bits = 0;
    for (int32_t step = 16; step > 0; step >>= 1) {
        if (size < (uint32_t)1 << (31 - step)) {
            size <<= step;
            bits += step;
        }
    }
    return bits;
}

/* 2^61 / value for a value in [2^30, 2^31), by Newton's iteration in steps of 2^-29. */
static inline int32_t mt_reciprocal(int32_t value) {
    int32_t result = 1515870810 + mt_requantize_double(value, -1010580540, 0);
    for (int32_t i = 0; i < 3; ++i) {
        int32_t error = ((int32_t)1 << 29) - mt_requantize_double(value, result, 0);
        result += mt_requantize_double(result, error, 0) * 4;
    }
    return result > INT32_MAX / 2 ? INT32_MAX : result * 2;
}

/* a / b * multiplier * 2^(shift - 31), rounded and clamped; by zero it is one of the limits. */
static inline int32_t mt_divide(int32_t a, int32_t b, int32_t multiplier, int32_t shift,
                                int32_t low, int32_t high) {
    if (b == 0) {
        return a < 0 ? low : high;
    }
    int32_t dividend = b < 0 ? -a : a, divisor = b < 0 ? -b : b;
    int32_t up = mt_headroom(dividend), scale = mt_headroom(divisor);
    int32_t inverse = mt_reciprocal((int32_t)((uint32_t)divisor << scale));
    int32_t quotient = mt_requantize_double(dividend, inverse, up);
    int32_t total = shift - (30 - scale) - up;
    /* A shift to the left comes behind what is beyond all limits already. */
    quotient = total < -31 ? 0 : mt_requantize_double(quotient, multiplier, total > 0 ? 0 : total);
    return mt_clamp(quotient, low, high);
}

#endif
