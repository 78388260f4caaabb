/* SPDX-License-Identifier: Apache-2.0 */
/* Four channels of two pixels, in Thumb-2: these take each register that a function may have, and
 * gcc 12 moves some of what they need through memory for every product. */
#ifndef MICROTVM_TWO_PIXELS_H_
#define MICROTVM_TWO_PIXELS_H_

#include "microtvm_accumulator.h"

#if MT_THUMB2
/* The high words of A and B times r2, without and with the low ones, which overwrite r0. */
#define MT_SMMUL(A, B) "smmul " A ", " A ", r2\nsmmul " B ", " B ", r2\n"
#define MT_SMULL(A, B) "smull r0, " A ", " A ", r2\nsmull r0, " B ", " B ", r2\n"

/* A channel's outputs of both pixels as mt_common_output has them; r1 is at its scale, r12 is 1 +
 * twice the zero point. */
#define MT_TWO_OUTPUTS(MULTIPLY, A, B)                                                             \
    "ldrd r2, r3, [r1], #8\n" MULTIPLY(A, B) "asr " A ", " A ", r3\n"                              \
                                             "asr " B ", " B ", r3\n"                              \
                                             "add " A ", r12\n"                                    \
                                             "add " B ", r12\n"                                    \
                                             "ssat " A ", #8, " A ", asr #1\n"                     \
                                             "ssat " B ", #8, " B ", asr #1\n"

/* Those of four channels whose sums are in r4 to r7 and r8 to r11, to lr and to where OUT1 in the
 * stack points, which is in r4 then. Flags stay as they are. */
#define MT_FOUR_OUTPUTS(MULTIPLY, OUT1)                                                            \
    MT_TWO_OUTPUTS(MULTIPLY, "r4", "r8")                                                           \
    "strb r4, [lr], #4\n"                                                                          \
    "ldr r4, [sp, " OUT1 "]\n"                                                                     \
    "strb r8, [r4], #4\n" MT_TWO_OUTPUTS(                                                          \
        MULTIPLY, "r5", "r9") "strb r5, [lr, #-3]\n"                                               \
                              "strb r9, [r4, #-3]\n" MT_TWO_OUTPUTS(                               \
                                  MULTIPLY, "r6", "r10") "strb r6, [lr, #-2]\n"                    \
                                                         "strb r10, [r4, #-2]\n" MT_TWO_OUTPUTS(   \
                                                             MULTIPLY, "r7",                       \
                                                             "r11") "strb r7, [lr, #-1]\n"         \
                                                                    "strb r11, [r4, #-1]\n"

/* An element of two pixels at r1 with four channels, whose weights are at r0: the first of them is
 * loaded as FIRST says, the element of the first pixel as ELEMENT. */
#define MT_THUMB2_ELEMENT(ELEMENT, SECOND, FIRST, W1, W2, W3)                                      \
    "ldrsb r3, [r1, " SECOND "]\n"                                                                 \
    "ldrsb r2, " ELEMENT "\n"                                                                      \
    "ldrsb r12, [r0, " W1 "]\n"                                                                    \
    "mla r5, r2, r12, r5\n"                                                                        \
    "mla r9, r3, r12, r9\n"                                                                        \
    "ldrsb r12, [r0, " W2 "]\n"                                                                    \
    "mla r6, r2, r12, r6\n"                                                                        \
    "mla r10, r3, r12, r10\n"                                                                      \
    "ldrsb r12, [r0, " W3 "]\n"                                                                    \
    "mla r7, r2, r12, r7\n"                                                                        \
    "mla r11, r3, r12, r11\n"                                                                      \
    "ldrsb r12, " FIRST "\n"                                                                       \
    "mla r4, r2, r12, r4\n"                                                                        \
    "mla r8, r3, r12, r8\n"

/* As mt_pixels_common_dsp below, of one four or more; weights and patches are those of
 * mt_conv2d_plain. */
static __attribute__((naked, noinline, unused)) void mt_pixels_common_thumb2(
    __attribute__((unused)) const int8_t *weights, __attribute__((unused)) const int8_t *patch,
    __attribute__((unused)) const int8_t *end, __attribute__((unused)) const int32_t *bias,
    __attribute__((unused)) const mt_scale *scales, __attribute__((unused)) int8_t *out0,
    __attribute__((unused)) int8_t *out1, __attribute__((unused)) int32_t zero,
    __attribute__((unused)) int32_t fours) {
    /* clang-format off */
    __asm__ volatile(
        "push {r0-r11, lr}\n" /* from the stack pointer on; the others from sp + 52 on */
        "1:\n"
        "ldr r3, [sp, #12]\n"
        "ldm r3, {r8-r11}\n"
        "ldmia r3!, {r4-r7}\n"
        "str r3, [sp, #12]\n"
        "ldrd r1, lr, [sp, #4]\n"
        "2:\n"
        MT_THUMB2_ELEMENT("[r1, #1]", "#5", "[r0, #4]", "#5", "#6", "#7")
        MT_THUMB2_ELEMENT("[r1, #2]", "#6", "[r0, #8]", "#9", "#10", "#11")
        MT_THUMB2_ELEMENT("[r1, #3]", "#7", "[r0, #12]", "#13", "#14", "#15")
        MT_THUMB2_ELEMENT("[r1], #8", "#4", "[r0], #16", "#1", "#2", "#3")
        "cmp r1, lr\n"
        "bne 2b\n"
        "ldr r2, [sp, #68]\n"
        "subs r2, r2, #1\n" /* what follows leaves the flags as they are */
        "str r2, [sp, #68]\n"
        "str r0, [sp]\n"
        "ldrd r1, lr, [sp, #52]\n"
        "ldr r12, [sp, #64]\n"
        MT_FOUR_OUTPUTS(MT_SMULL, "#60")
        "strd r1, lr, [sp, #52]\n"
        "str r4, [sp, #60]\n"
        "ldr r0, [sp]\n"
        "bne 1b\n"
        "pop {r0-r11, pc}\n");
    /* clang-format on */
}
#endif

#if MT_DSP
/* Two elements of two pixels with four channels. */
#define MT_DSP_STEP                                                                                \
    "ldrd r2, r3, [r1], #8\n"                                                                      \
    "ldrd r12, lr, [r0], #8\n"                                                                     \
    "smlad r5, r2, r12, r5\n"                                                                      \
    "smlad r9, r3, r12, r9\n"                                                                      \
    "sxtb16 r12, r12\n"                                                                            \
    "smlad r4, r2, r12, r4\n"                                                                      \
    "smlad r8, r3, r12, r8\n"                                                                      \
    "smlad r7, r2, lr, r7\n"                                                                       \
    "smlad r11, r3, lr, r11\n"                                                                     \
    "sxtb16 lr, lr\n"                                                                              \
    "smlad r6, r2, lr, r6\n"                                                                       \
    "smlad r10, r3, lr, r10\n"

/* The upper one of two channels whose sums came together, see mt_upper. */
#define MT_DSP_UPPER(TOGETHER, LOWER)                                                              \
    "subs " TOGETHER ", " TOGETHER ", " LOWER "\n"                                                 \
    "asrs " TOGETHER ", " TOGETHER ", #8\n"

/* The products of fours of channels' weights with the patches of two pixels, from patch to end, and
 * their outputs in the common form; zero is 1 + twice the zero point. Where there are no fours, the
 * sums of four channels with the first pixel, then with the second. */
static __attribute__((naked, noinline, unused)) void mt_pixels_common_dsp(
    __attribute__((unused)) const uint32_t *weights, __attribute__((unused)) const uint32_t *patch,
    __attribute__((unused)) const uint32_t *end, __attribute__((unused)) const int32_t *starts,
    __attribute__((unused)) const mt_scale *scales, __attribute__((unused)) int8_t *out0,
    __attribute__((unused)) int8_t *out1, __attribute__((unused)) int32_t zero,
    __attribute__((unused)) int32_t late, __attribute__((unused)) int32_t fours,
    __attribute__((unused)) int32_t *sums) {
    /* clang-format off */
    __asm__ volatile(
        "push {r1-r11, lr}\n" /* patch, end, starts: sp to sp + 8; the others from sp + 48 on */
        "1:\n"
        "ldr r3, [sp, #8]\n"
        "ldm r3, {r8-r11}\n"
        "ldmia r3!, {r4-r7}\n"
        "str r3, [sp, #8]\n"
        "ldrd r1, r2, [sp]\n"
        "subs r2, r2, r1\n"
        "lsls r2, r2, #27\n" /* four elements are left over: begin amid the loop */
        "bmi 3f\n"
        "2:\n"
        MT_DSP_STEP
        MT_DSP_STEP
        "3:\n"
        MT_DSP_STEP
        MT_DSP_STEP
        "ldr r2, [sp, #4]\n"
        "cmp r1, r2\n"
        "bne 2b\n"
        MT_DSP_UPPER("r5", "r4")
        MT_DSP_UPPER("r7", "r6")
        MT_DSP_UPPER("r9", "r8")
        MT_DSP_UPPER("r11", "r10")
        "ldrd r12, r2, [sp, #60]\n"
        "cbz r2, 4f\n"
        "ldr r1, [sp, #8]\n"
        "ldm r1!, {r2, r3}\n"
        "str r1, [sp, #8]\n"
        "add r5, r2\n"
        "add r9, r2\n"
        "add r7, r3\n"
        "add r11, r3\n"
        "4:\n"
        "ldr r2, [sp, #68]\n"
        "subs r2, r2, #1\n" /* what follows leaves the flags as they are */
        "bmi 5f\n"
        "str r2, [sp, #68]\n"
        "ldrd r1, lr, [sp, #48]\n"
        MT_FOUR_OUTPUTS(MT_SMMUL, "#56")
        "strd r1, lr, [sp, #48]\n"
        "str r4, [sp, #56]\n"
        "bne 1b\n"
        "pop {r1-r11, pc}\n"
        "5:\n"
        "ldr r2, [sp, #72]\n"
        "stm r2, {r4-r11}\n"
        "pop {r1-r11, pc}\n");
    /* clang-format on */
}
#endif

#endif
