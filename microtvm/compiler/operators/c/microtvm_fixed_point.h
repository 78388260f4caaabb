/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic function and tanh of int16 with LiteRT's roundings;
 * microtvm/compiler/operators/fixed_point.py says the same in NumPy. */
#ifndef MICROTVM_FIXED_POINT_H_
#define MICROTVM_FIXED_POINT_H_

#include <stdint.h>

static inline int32_t mt_saturate16(int32_t value) {
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/* The high 16 bits of twice the product, rounded, halves upwards. */
static inline int32_t mt_product16(int32_t a, int32_t b) {
    return mt_saturate16((a * b + (1 << 14)) >> 15);
}

/* value / 2^by, halves away from zero. */
static inline int32_t mt_shifted16(int32_t value, int32_t by) {
    int32_t mask = ((int32_t)1 << by) - 1; /* an int may have 16 bits */
    int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> by) + ((value & mask) > threshold ? 1 : 0);
}

/* exp(value * 2^-bits) in steps of 2^-15, for value <= 0 and bits from 8 to 14. A series around
 * -1/8 for what is left of a multiple of 1/4. */
static inline int32_t mt_exp16(int32_t value, int32_t bits) {
    static const uint16_t factors[6] = {25520, 19875, 12055, 4435, 600, 11}; /* e^-1/4 to e^-8 */
    if (value == 0) {
        return INT16_MAX;
    }
    int32_t quarter = 1 << (bits - 2);
    int32_t part = (value & (quarter - 1)) - quarter;
    int32_t rest = part - value;
    int32_t x = part * (1 << (15 - bits)) + (1 << 12);
    int32_t square = mt_product16(x, x);
    int32_t fourth = mt_product16(square, square);
    int32_t third = mt_product16(mt_shifted16(fourth, 2) + mt_product16(square, x), 10923);
    int32_t series = x + mt_shifted16(third + square, 1);
    int32_t result = mt_saturate16(28918 + mt_product16(28918, series));
    for (int32_t place = bits - 2; place < 15; ++place) {
        if ((rest & (1 << place)) != 0) {
            result = place + 2 - bits < 6 ? mt_product16(result, factors[place + 2 - bits]) : 0;
        }
    }
    return result;
}

/* 1 / (1 + x) in steps of 2^-14, for x in steps of 2^-15 from 0 to 1, by Newton's iteration. */
static inline int32_t mt_inverse16(int32_t x) {
    int32_t half = (x + INT16_MAX + 1) >> 1;
    int32_t result = 23130 + mt_product16(half, -15420);
    for (int32_t i = 0; i < 3; ++i) {
        int32_t error = (1 << 13) - mt_product16(half, result);
        result += mt_saturate16(mt_product16(result, error) * 4);
    }
    return result;
}

/* Of value * 2^-12, in steps of 2^-15. */
static inline int32_t mt_logistic16(int32_t value) {
    if (value == 0) {
        return 1 << 14;
    }
    int32_t result = mt_saturate16(mt_inverse16(mt_exp16(value < 0 ? value : -value, 12)) * 2);
    return value > 0 ? result : INT16_MAX - result;
}

/* Of value * 2^-bits, in steps of 2^-15; bits from 9 to 15. */
static inline int32_t mt_tanh16_of(int32_t value, int32_t bits) {
    if (value == 0) {
        return 0;
    }
    int32_t power = mt_exp16(value < 0 ? value : -value, bits - 1);
    int32_t result = mt_saturate16((mt_inverse16(power) - (1 << 13)) * 4);
    return value < 0 ? -result : result;
}

/* Of value * 2^-12, in steps of 2^-15. */
static inline int32_t mt_tanh16(int32_t value) {
    return mt_tanh16_of(value, 12);
}

#endif
