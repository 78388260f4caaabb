/* SPDX-License-Identifier: Apache-2.0 */
/* Accumulating with the vector unit of Cortex-M55 and M85 (MVE, "Helium"): sixteen products an
 * instruction, four outputs requantized at once. */
#ifndef MICROTVM_MVE_H_
#define MICROTVM_MVE_H_

#include "microtvm_accumulator.h"

#if MT_MVE
#include <arm_mve.h>

/* Scales of four channels: their multipliers, then one more than their shifts. */
#define MT_MVE_SCALES 8

/* Four accumulators as outputs, when not all channels are scaled down with one rounding. */
MT_RARE int32x4_t mt_other_outputs_mve(int32x4_t sums, const int32_t *scales,
                                       const mt_output *output) {
    int32_t lanes[4];
    vst1q_s32(lanes, sums);
    for (int32_t i = 0; i < 4; ++i) {
        mt_scale scale = {scales[i], -1 - scales[4 + i]};
        lanes[i] = mt_other_output(lanes[i], &scale, output);
    }
    return vld1q_s32(lanes);
}

/* Four accumulators as outputs. VMULH keeps the high words, VRSHL adds half a step before it
 * shifts: together one rounding of the product's 64 bits. */
static inline int32x4_t mt_outputs_mve(int32x4_t sums, const int32_t *scales,
                                       const mt_output *output) {
    if (output->form != MT_COMMON) {
        return mt_other_outputs_mve(sums, scales, output);
    }
    sums = vrshlq_s32(vmulhq_s32(sums, vldrwq_s32(scales)), vldrwq_s32(scales + 4));
    sums = vaddq_n_s32(sums, output->zero);
    return vminq_s32(vmaxq_s32(sums, vdupq_n_s32(-128)), vdupq_n_s32(127));
}

/* The products of one row of depth elements with each channel's weights. Weights
 * [channels / 4][depth / 16][4][16], depth and channels rounded up; what lies behind the row is not
 * read. The loop is written out because gcc 12 does not predicate loops. */
static MT_NOINLINE void mt_row_mve(const int8_t *row, int32_t depth, const int8_t *weights,
                                   const int32_t *bias, const int32_t *scales,
                                   const mt_output *output, int32_t channels, int8_t *out) {
    for (; channels > 0; channels -= 4, bias += 4, scales += MT_MVE_SCALES, out += 4) {
        int32_t a0 = bias[0], a1 = bias[1], a2 = bias[2], a3 = bias[3];
        const int8_t *p = row;
        int32x4_t sums;
        __asm__("wlstp.8 lr, %[depth], 2f\n"
                "1:\n"
                "vldrb.u8 q0, [%[p]], #16\n"
                "vldrb.u8 q1, [%[w]], #16\n"
                "vmladava.s8 %[a0], q0, q1\n"
                "vldrb.u8 q2, [%[w]], #16\n"
                "vmladava.s8 %[a1], q0, q2\n"
                "vldrb.u8 q1, [%[w]], #16\n"
                "vmladava.s8 %[a2], q0, q1\n"
                "vldrb.u8 q2, [%[w]], #16\n"
                "vmladava.s8 %[a3], q0, q2\n"
                "letp lr, 1b\n"
                "2:\n"
                "vmov %q[sums][2], %q[sums][0], %[a0], %[a2]\n"
                "vmov %q[sums][3], %q[sums][1], %[a1], %[a3]\n"
                : [p] "+r"(p), [w] "+r"(weights), [a0] "+Te"(a0), [a1] "+Te"(a1), [a2] "+Te"(a2),
                  [a3] "+Te"(a3), [sums] "=w"(sums)
                : [depth] "r"(depth)
                : "q0", "q1", "q2", "lr", "memory");
        sums = mt_outputs_mve(sums, scales, output);
        if (channels >= 4) {
            vstrbq_s32(out, sums);
        } else {
            vstrbq_p_s32(out, sums, vctp32q((uint32_t)channels));
        }
    }
}

/* Copies forwards, so that lines may move up within one buffer. */
static inline void mt_copy_mve(int8_t *target, const int8_t *source, int32_t size) {
    for (; size > 0; size -= 16, target += 16, source += 16) {
        mve_pred16_t inside = vctp8q((uint32_t)size);
        vstrbq_p_s8(target, vldrbq_z_s8(source, inside), inside);
    }
}
#endif

#endif
