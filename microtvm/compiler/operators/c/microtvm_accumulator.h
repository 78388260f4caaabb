/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels that accumulate products share: requantizing to int8, and words of memory. */
#ifndef MICROTVM_ACCUMULATOR_H_
#define MICROTVM_ACCUMULATOR_H_

#include <stdint.h>
#include <string.h>

#include "microtvm_requantize.h"

/* What constants are declared with: on AVR they lie in flash, which plain pointers do not reach. */
#ifndef MICROTVM_FLASH
#define MICROTVM_FLASH const
#endif

#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
#include <arm_acle.h>
#endif

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define MT_DSP 1
#else
#define MT_DSP 0
#endif

/* Cortex-M3 and larger ones. */
#if defined(__thumb2__) && defined(__ARM_FEATURE_SAT) && __ARM_ARCH_PROFILE == 'M'
#define MT_THUMB2 1
#else
#define MT_THUMB2 0
#endif

#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
#define MT_MVE 1
#else
#define MT_MVE 0
#endif

/* How one output channel is scaled: by multiplier * 2^-(33 + down). */
typedef struct {
    int32_t multiplier, down;
} mt_scale;

/* How all of a layer's outputs are made. MT_COMMON: rounded once, down is 0 or more for each
 * channel, and the limits are int8's. MT_SINGLE: rounded once. MT_DOUBLE: twice. The other two are
 * microtvm_wide.h's. */
typedef enum { MT_COMMON, MT_SINGLE, MT_DOUBLE, MT_UPWARDS, MT_SHORT } mt_form;

/* Zero point and limits of an output. */
typedef struct {
    int32_t zero, low, high;
    mt_form form;
} mt_output;

/* Out of line: few layers need it, and it is larger than all that calls it. */
#if defined(__GNUC__)
#define MT_NOINLINE __attribute__((noinline, unused))
#else
#define MT_NOINLINE inline
#endif
#define MT_RARE static MT_NOINLINE

/* Makes a pointer one of which the compiler does not know where it points: gcc 12 may lose stores
 * of words to an array of whose bytes it reads others by the same index. */
#if defined(__GNUC__) && !defined(__clang__)
#define MT_APART(pointer) __asm__("" : "+r"(pointer))
#else
#define MT_APART(pointer) ((void)0)
#endif

static inline int32_t mt_saturated(int32_t value) {
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
    return __ssat(value, 8);
#else
    return mt_clamp(value, -128, 127);
#endif
}

/* An accumulator as an output, in the common form; zero is 1 + twice the zero point. The same as
 * one rounding of 64 bits: half a step is added before the last shift. */
static inline int8_t mt_common_output(int32_t sum, int32_t multiplier, int32_t down, int32_t zero) {
    int32_t high = (int32_t)(((int64_t)sum * multiplier) >> 32);
    return (int8_t)mt_saturated(((high >> down) + zero) >> 1);
}

/* An accumulator as an output, in any form. */
MT_RARE int8_t mt_other_output(int32_t sum, MICROTVM_FLASH mt_scale *scale,
                               const mt_output *output) {
    int32_t result;
    if (output->form == MT_DOUBLE) {
        result = mt_requantize_double(sum, scale->multiplier, -2 - scale->down);
    } else if (scale->down < 0) {
        result = mt_requantize_single(sum, scale->multiplier, -2 - scale->down);
    } else {
        int32_t high = (int32_t)(((int64_t)sum * scale->multiplier) >> 32);
        result = ((high >> scale->down) + 1) >> 1;
    }
    return (int8_t)mt_clamp(result + output->zero, output->low, output->high);
}

/* The same, short where the form is the common one. */
static inline int8_t mt_output_of(int32_t sum, MICROTVM_FLASH mt_scale *scale,
                                  const mt_output *output) {
    return output->form == MT_COMMON
               ? mt_common_output(sum, scale->multiplier, scale->down, 1 + 2 * output->zero)
               : mt_other_output(sum, scale, output);
}

/* One value times the weights w[4n] to w[4n + 3] of four channels, whose sums are a0 to a3. */
#define MT_FOUR_PRODUCTS(n, first)                                                                 \
    {                                                                                              \
        int32_t v = (first);                                                                       \
        a0 += v * w[4 * (n)];                                                                      \
        a1 += v * w[4 * (n) + 1];                                                                  \
        a2 += v * w[4 * (n) + 2];                                                                  \
        a3 += v * w[4 * (n) + 3];                                                                  \
    }

/* The same for two pixels, whose sums are a0 to a3 and b0 to b3. */
#define MT_EIGHT_PRODUCTS(n, first, second)                                                        \
    {                                                                                              \
        int32_t v = (first), u = (second);                                                         \
        int32_t t = w[4 * (n)];                                                                    \
        a0 += v * t;                                                                               \
        b0 += u * t;                                                                               \
        t = w[4 * (n) + 1];                                                                        \
        a1 += v * t;                                                                               \
        b1 += u * t;                                                                               \
        t = w[4 * (n) + 2];                                                                        \
        a2 += v * t;                                                                               \
        b2 += u * t;                                                                               \
        t = w[4 * (n) + 3];                                                                        \
        a3 += v * t;                                                                               \
        b3 += u * t;                                                                               \
    }

static inline uint32_t mt_word(const void *memory) {
    uint32_t word;
    memcpy(&word, memory, sizeof word);
    return word;
}

#if MT_DSP
static inline int32_t mt_mac2(int32_t sum, uint32_t a, uint32_t b) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

/* Bytes 0 and 2 as halfwords. */
static inline uint32_t mt_even(uint32_t word) {
    return (uint32_t)__sxtb16((int8x4_t)word);
}

/* Bytes 1 and 3 as halfwords; gcc 12 makes two instructions of the rotation. */
static inline uint32_t mt_odd(uint32_t word) {
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
}

/* Weights of two channels lie in one halfword, 256 * upper + lower: their sums come together, and
 * this is the upper one, if it has no more than 24 bits. */
static inline int32_t mt_upper(int32_t together, int32_t lower) {
    return (int32_t)((uint32_t)together - (uint32_t)lower) >> 8;
}
#endif

#endif
