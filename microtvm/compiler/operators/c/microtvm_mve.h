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

/* Four accumulators as outputs in the common form, not clamped. VMULH keeps the high words, VRSHL
 * adds half a step before it shifts: together one rounding of the product's 64 bits. */
static inline int32x4_t mt_scaled_mve(int32x4_t sums, const int32_t *scales, int32_t zero) {
    sums = vrshlq_s32(vmulhq_s32(sums, vldrwq_s32(scales)), vldrwq_s32(scales + 4));
    return vaddq_n_s32(sums, zero);
}

/* Four accumulators as outputs. */
static inline int32x4_t mt_outputs_mve(int32x4_t sums, const int32_t *scales,
                                       const mt_output *output) {
    if (output->form != MT_COMMON) {
        return mt_other_outputs_mve(sums, scales, output);
    }
    sums = mt_scaled_mve(sums, scales, output->zero);
    return vminq_s32(vmaxq_s32(sums, vdupq_n_s32(-128)), vdupq_n_s32(127));
}

/* Sixteen elements of a row at P with those of four channels at W, whose sums are in A to D. */
#define MT_MVE_STEP(P, W, A, B, C, D)                                                              \
    "vldrb.u8 q0, [" P "], #16\n"                                                                  \
    "vldrb.u8 q1, [" W "], #16\n"                                                                  \
    "vmladava.s8 " A ", q0, q1\n"                                                                  \
    "vldrb.u8 q2, [" W "], #16\n"                                                                  \
    "vmladava.s8 " B ", q0, q2\n"                                                                  \
    "vldrb.u8 q1, [" W "], #16\n"                                                                  \
    "vmladava.s8 " C ", q0, q1\n"                                                                  \
    "vldrb.u8 q2, [" W "], #16\n"                                                                  \
    "vmladava.s8 " D ", q0, q2\n"

/* Channels of a row, in any form; see mt_row_mve. */
MT_RARE void mt_row_other_mve(const int8_t *row, int32_t depth, const int8_t *weights,
                              const int32_t *bias, const int32_t *scales, const mt_output *output,
                              int32_t channels, int8_t *out) {
    for (; channels > 0; channels -= 4, bias += 4, scales += MT_MVE_SCALES, out += 4) {
        int32_t a0 = bias[0], a1 = bias[1], a2 = bias[2], a3 = bias[3];
        const int8_t *p = row;
        int32x4_t sums;
        __asm__ volatile("wlstp.8 lr, %[depth], 2f\n"
                         "1:\n" MT_MVE_STEP("%[p]", "%[w]", "%[a0]", "%[a1]", "%[a2]",
                                            "%[a3]") "letp lr, 1b\n"
                                                     "2:\n"
                                                     "vmov %q[sums][2], %q[sums][0], %[a0], %[a2]\n"
                                                     "vmov %q[sums][3], %q[sums][1], %[a1], %[a3]\n"
                         : [p] "+r"(p), [w] "+r"(weights), [a0] "+Te"(a0), [a1] "+Te"(a1),
                           [a2] "+Te"(a2), [a3] "+Te"(a3), [sums] "=w"(sums)
                         : [depth] "r"(depth)
                         : "q0", "q1", "q2", "lr", "memory");
        vstrbq_p_s32(out, mt_outputs_mve(sums, scales, output), vctp32q((uint32_t)channels));
    }
}

/* Fours of channels of a row in the common form, all that is needed in registers: gcc 12 neither
 * predicates loops nor keeps more than a few values. */
static __attribute__((naked, noinline, unused)) void mt_row_common_mve(
    __attribute__((unused)) const int8_t *row, __attribute__((unused)) int32_t depth,
    __attribute__((unused)) const int8_t *weights, __attribute__((unused)) const int32_t *bias,
    __attribute__((unused)) const int32_t *scales, __attribute__((unused)) int8_t *out,
    __attribute__((unused)) int32_t fours, __attribute__((unused)) int32_t zero) {
    __asm__ volatile(
        "push {r4-r11, lr}\n"
        "mov r8, r2\n"
        "mov r9, r0\n"
        "mov r10, r1\n"
        "mov r11, r3\n"
        "ldr r12, [sp, #36]\n"
        "ldrd r7, r5, [sp, #40]\n"
        "ldr r1, [sp, #48]\n"
        "1:\n"
        "ldm r11!, {r0, r2, r4, r6}\n"
        "mov r3, r9\n"
        "wlstp.8 lr, r10, 3f\n"
        "2:\n" MT_MVE_STEP("r3", "r8", "r0", "r2", "r4", "r6") "letp lr, 2b\n"
                                                               "3:\n"
                                                               "vmov q0[2], q0[0], r0, r4\n"
                                                               "vmov q0[3], q0[1], r2, r6\n"
                                                               "vldrw.u32 q1, [r12], #16\n"
                                                               "vldrw.u32 q2, [r12], #16\n"
                                                               "vmulh.s32 q0, q0, q1\n"
                                                               "vrshl.s32 q0, q0, q2\n"
                                                               "vadd.i32 q0, q0, r1\n"
                                                               "vqmovnb.s32 q0, q0\n"
                                                               "vqmovnb.s16 q0, q0\n"
                                                               "vstrb.32 q0, [r7], #4\n"
                                                               "subs r5, #1\n"
                                                               "bne 1b\n"
                                                               "pop {r4-r11, pc}\n");
}

/* The products of one row of depth elements with each channel's weights. Weights
 * [channels / 4][depth / 16][4][16], depth and channels rounded up; what lies behind the row is not
 * read. */
static inline void mt_row_mve(const int8_t *row, int32_t depth, const int8_t *weights,
                              const int32_t *bias, const int32_t *scales, const mt_output *output,
                              int32_t channels, int8_t *out) {
    int32_t fours = output->form == MT_COMMON ? channels >> 2 : 0;
    if (fours > 0) {
        mt_row_common_mve(row, depth, weights, bias, scales, out, fours, output->zero);
    }
    int32_t done = fours * 4;
    if (done < channels) {
        mt_row_other_mve(row, depth, weights + ((depth + 15) & ~15) * done, bias + done,
                         scales + fours * MT_MVE_SCALES, output, channels - done, out + done);
    }
}

/* Copies forwards, so that lines may move up within one buffer. */
static inline void mt_copy_mve(int8_t *target, const int8_t *source, int32_t size) {
    __asm__ volatile("wlstp.8 lr, %[size], 2f\n"
                     "1:\n"
                     "vldrb.u8 q0, [%[source]], #16\n"
                     "vstrb.8 q0, [%[target]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [target] "+r"(target), [source] "+r"(source)
                     : [size] "r"(size)
                     : "q0", "lr", "memory");
}

static inline void mt_fill_mve(int8_t *target, int32_t value, int32_t size) {
    __asm__ volatile("vdup.8 q0, %[value]\n"
                     "wlstp.8 lr, %[size], 2f\n"
                     "1:\n"
                     "vstrb.8 q0, [%[target]], #16\n"
                     "letp lr, 1b\n"
                     "2:\n"
                     : [target] "+r"(target)
                     : [size] "r"(size), [value] "r"(value)
                     : "q0", "lr", "memory");
}
#endif

#endif
