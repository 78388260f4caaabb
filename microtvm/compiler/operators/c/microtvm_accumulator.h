/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels that accumulate products share: requantizing to int8, and words of memory. */
#ifndef MICROTVM_ACCUMULATOR_H_
#define MICROTVM_ACCUMULATOR_H_

#include <stdint.h>
#include <string.h>

#include "microtvm_requantize.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#include <arm_acle.h>
#define MT_DSP 1
#else
#define MT_DSP 0
#endif

/* How one output channel is scaled: by multiplier * 2^(shift - 31). */
typedef struct {
    int32_t multiplier, shift;
} mt_scale;

/* Zero point and limits of an output, and whether its scaling rounds twice. */
typedef struct {
    int32_t zero, low, high, twice;
} mt_output;

/* Out of line: few layers need it, and it is larger than all that calls it. */
#if defined(__GNUC__)
#define MT_RARE static __attribute__((noinline, unused))
#else
#define MT_RARE static inline
#endif

MT_RARE int32_t mt_scaled_otherwise(int32_t sum, const mt_scale *scale, int32_t twice) {
    return twice ? mt_requantize_double(sum, scale->multiplier, scale->shift)
                 : mt_requantize_single(sum, scale->multiplier, scale->shift);
}

/* An accumulator as an output. */
static inline int8_t mt_output_of(int32_t sum, const mt_scale *scale, const mt_output *output) {
    int32_t shift = -2 - scale->shift, result;
    if (output->twice || shift < 0) {
        result = mt_scaled_otherwise(sum, scale, output->twice);
    } else {
        /* The same as one rounding of 64 bits: half a step is added before the last shift. */
        int32_t high = (int32_t)(((int64_t)sum * scale->multiplier) >> 32);
        result = ((high >> shift) + 1) >> 1;
    }
    return (int8_t)mt_clamp(result + output->zero, output->low, output->high);
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
