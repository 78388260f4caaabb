/* SPDX-License-Identifier: Apache-2.0 */
/* lrintf((float)value * scale) in integers, and with an offset;
 * microtvm/compiler/operators/float_scale.py says why. */
#ifndef MICROTVM_FLOAT_SCALE_H_
#define MICROTVM_FLOAT_SCALE_H_

#include <stdint.h>

/* value / 2^shift to nearest, ties to even. shift in [1, 63]. */
static inline uint64_t mt_shift_to_even(uint64_t value, int32_t shift) {
    uint64_t result = value >> shift;
    uint64_t rest = value - (result << shift);
    uint64_t half = (uint64_t)1 << (shift - 1);
    return result + (rest > half || (rest == half && (result & 1u) != 0) ? 1u : 0u);
}

/* value, rounded to 24 significant bits as float32 has them. */
static inline uint64_t mt_round_to_float(uint64_t value) {
    int32_t excess = 0;
    while ((value >> excess) >= ((uint64_t)1 << 24)) {
        ++excess;
    }
    return excess == 0 ? value : mt_shift_to_even(value, excess) << excess;
}

/* |value| * mantissa as float32 rounds it, below 2^56. mantissa < 2^24. */
static inline uint64_t mt_product_as_float(int32_t value, int32_t mantissa) {
    uint64_t size = value < 0 ? 0u - (uint64_t)(int64_t)value : (uint64_t)value;
    return mt_round_to_float(mt_round_to_float(size) * (uint64_t)mantissa);
}

/* value * mantissa * 2^-shift, rounded as float32 rounds it, and clamped. */
static inline int32_t mt_scale_as_float(int32_t value, int32_t mantissa, int32_t shift, int32_t low,
                                        int32_t high) {
    uint64_t product = mt_product_as_float(value, mantissa);
    if (shift > 63) {
        product = 0; /* at most 2^55 / 2^64 */
    } else if (shift > 0) {
        product = mt_shift_to_even(product, shift);
    } else if (shift < -24 || (product >> (40 + shift)) != 0) {
        product = product == 0 ? 0 : (uint64_t)1 << 40; /* out of any range */
    } else {
        product <<= -shift;
    }
    if (product > (uint64_t)INT32_MAX) {
        return value < 0 ? low : high;
    }
    int32_t result = value < 0 ? -(int32_t)product : (int32_t)product;
    return result < low ? low : result > high ? high : result;
}

/* value * mantissa * 2^-shift + offset * 2^-40 in steps of 2^-40, rounded as float32 rounds each.
 * |offset| < 2^61; what is 2^22 or more is right in its sign only. */
static inline int64_t mt_sum_as_float(int32_t value, int32_t mantissa, int32_t shift,
                                      int64_t offset) {
    uint64_t size = mt_product_as_float(value, mantissa);
    int32_t up = 40 - shift;
    if (up < 0) {
        size = up > -64 ? mt_shift_to_even(size, -up) : 0;
    } else {
        size = up > 62 || (size >> (62 - up)) != 0 ? (uint64_t)1 << 62 : size << up;
    }
    int64_t sum = (value < 0 ? -(int64_t)size : (int64_t)size) + offset;
    int64_t rounded = (int64_t)mt_round_to_float((uint64_t)(sum < 0 ? -sum : sum));
    return sum < 0 ? -rounded : rounded;
}

/* That sum, ties to even, and clamped; low and high have 16 bits. */
static inline int32_t mt_line_as_float(int32_t value, int32_t mantissa, int32_t shift,
                                       int64_t offset, int32_t low, int32_t high) {
    int64_t sum = mt_sum_as_float(value, mantissa, shift, offset);
    int32_t whole = (int32_t)mt_shift_to_even((uint64_t)(sum < 0 ? -sum : sum), 40);
    int32_t result = sum < 0 ? -whole : whole;
    return result < low ? low : result > high ? high : result;
}

/* That sum, ties away from zero, and clamped; low and high have 16 bits. */
static inline int32_t mt_line_as_float_away(int32_t value, int32_t mantissa, int32_t shift,
                                            int64_t offset, int32_t low, int32_t high) {
    int64_t sum = mt_sum_as_float(value, mantissa, shift, offset);
    int32_t whole = (int32_t)(((sum < 0 ? -sum : sum) + ((int64_t)1 << 39)) >> 40);
    int32_t result = sum < 0 ? -whole : whole;
    return result < low ? low : result > high ? high : result;
}

#endif
