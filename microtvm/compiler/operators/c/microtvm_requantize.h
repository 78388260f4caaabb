/* SPDX-License-Identifier: Apache-2.0 */
/* Scaling accumulators by multiplier * 2^(shift - 31); microtvm/compiler/operators/requantize.py
 * says the same in NumPy. */
#ifndef MICROTVM_REQUANTIZE_H_
#define MICROTVM_REQUANTIZE_H_

#include <stdint.h>

/* One rounding: to nearest, halves upwards. shift in [-31, 30]. */
static inline int32_t mt_requantize_single(int32_t value, int32_t multiplier, int32_t shift) {
    int64_t product = (int64_t)value * multiplier;
    int32_t total = 31 - shift;
    return (int32_t)((product + ((int64_t)1 << (total - 1))) >> total);
}

/* Two roundings: to the high word, halves away from zero, then by the shift, halves likewise. */
static inline int32_t mt_requantize_double(int32_t value, int32_t multiplier, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0;
    int32_t right = shift > 0 ? 0 : -shift;
    int64_t product = (int64_t)(int32_t)((uint32_t)value << left) * multiplier;
    int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
    int32_t high = (int32_t)((product + nudge) / ((int64_t)1 << 31));
    int32_t mask = (int32_t)(((int64_t)1 << right) - 1);
    int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
    return (high >> right) + ((high & mask) > threshold ? 1 : 0);
}

/* Two roundings, halves upwards both times. */
static inline int32_t mt_requantize_upwards(int32_t value, int32_t multiplier, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0;
    int32_t right = shift > 0 ? 0 : -shift;
    int64_t product = (int64_t)(int32_t)((uint32_t)value << left) * multiplier;
    int64_t high = (product + ((int64_t)1 << 30)) >> 31;
    return (int32_t)((high + (((int64_t)1 << right) >> 1)) >> right);
}

/* One rounding of a wide value by a multiplier of 15 bits. shift in [-31, 14]; the value times the
 * multiplier has room in 64 bits. */
static inline int64_t mt_requantize_short(int64_t value, int32_t multiplier, int32_t shift) {
    int32_t total = 15 - shift;
    return (value * multiplier + ((int64_t)1 << (total - 1))) >> total;
}

static inline int32_t mt_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

#endif
