/* SPDX-License-Identifier: Apache-2.0 */
/* Dense layers on int8: four outputs of a row at a time, weights laid out as for a convolution. */
#ifndef MICROTVM_DENSE_H_
#define MICROTVM_DENSE_H_

#include "microtvm_accumulator.h"
#include "microtvm_mve.h"

typedef struct {
    int32_t rows, depth, units;
    int32_t
        padded; /* depth rounded up to a multiple of 4; x is copied to scratch where it is not */
    int32_t late;
    mt_output output;
} mt_dense_layer;

static inline const int8_t *mt_dense_row(const mt_dense_layer *layer, const int8_t *x,
                                         int8_t *scratch) {
    if (scratch == NULL) {
        return x;
    }
    memset(scratch, 0, (size_t)layer->padded);
    memcpy(scratch, x, (size_t)layer->depth);
    return scratch;
}

static inline void mt_dense_store(const mt_dense_layer *layer, MICROTVM_FLASH mt_scale *scales,
                                  int32_t c, const int32_t *sums, int8_t *out) {
    int32_t left = layer->units - c;
    out += c;
    scales += c;
    if (left >= 4 && layer->output.form == MT_COMMON) {
        int32_t zero = 1 + 2 * layer->output.zero;
        out[0] = mt_common_output(sums[0], scales[0].multiplier, scales[0].down, zero);
        out[1] = mt_common_output(sums[1], scales[1].multiplier, scales[1].down, zero);
        out[2] = mt_common_output(sums[2], scales[2].multiplier, scales[2].down, zero);
        out[3] = mt_common_output(sums[3], scales[3].multiplier, scales[3].down, zero);
        return;
    }
    for (int32_t i = 0; i < 4 && i < left; ++i) {
        out[i] = mt_other_output(sums[i], scales + i, &layer->output);
    }
}

#if MT_THUMB2
/* An element of a row with eight units. */
#define MT_DENSE_THUMB2_STEP                                                                       \
    "ldrsb r12, [r2], #1\n"                                                                        \
    "ldrsb lr, [r0], #1\n"                                                                         \
    "mla r4, r12, lr, r4\n"                                                                        \
    "ldrsb lr, [r0], #1\n"                                                                         \
    "mla r5, r12, lr, r5\n"                                                                        \
    "ldrsb lr, [r0], #1\n"                                                                         \
    "mla r6, r12, lr, r6\n"                                                                        \
    "ldrsb lr, [r0], #1\n"                                                                         \
    "mla r7, r12, lr, r7\n"                                                                        \
    "ldrsb lr, [r1], #1\n"                                                                         \
    "mla r8, r12, lr, r8\n"                                                                        \
    "ldrsb lr, [r1], #1\n"                                                                         \
    "mla r9, r12, lr, r9\n"                                                                        \
    "ldrsb lr, [r1], #1\n"                                                                         \
    "mla r10, r12, lr, r10\n"                                                                      \
    "ldrsb lr, [r1], #1\n"                                                                         \
    "mla r11, r12, lr, r11\n"

/* The sums of products of twice four units' weights with a row, from x to end. Written out because
 * gcc 12 keeps fewer sums in registers. */
static __attribute__((naked, noinline, unused)) void mt_dense_products_thumb2(
    __attribute__((unused)) const int8_t *weights, __attribute__((unused)) const int8_t *following,
    __attribute__((unused)) const int8_t *x, __attribute__((unused)) const int8_t *end,
    __attribute__((unused)) const int32_t *bias, __attribute__((unused)) int32_t *sums) {
    /* clang-format off */
    __asm__ volatile(
        "push {r4-r11, lr}\n"
        "ldr r12, [sp, #36]\n"
        "ldm r12, {r4-r11}\n"
        "1:\n"
        MT_DENSE_THUMB2_STEP
        MT_DENSE_THUMB2_STEP
        MT_DENSE_THUMB2_STEP
        MT_DENSE_THUMB2_STEP
        "cmp r2, r3\n"
        "bne 1b\n"
        "ldr r12, [sp, #40]\n"
        "stm r12, {r4-r11}\n"
        "pop {r4-r11, pc}\n");
    /* clang-format on */
}
#endif

/* Weights [units / 4][padded][4], any core. */
static inline void mt_dense_plain(const mt_dense_layer *layer, MICROTVM_FLASH int8_t *weights,
                                  MICROTVM_FLASH int32_t *bias, MICROTVM_FLASH mt_scale *scales,
                                  const int8_t *x, int8_t *out, int8_t *scratch) {
    for (int32_t row = 0; row < layer->rows; ++row, x += layer->depth, out += layer->units) {
        const int8_t *start = mt_dense_row(layer, x, scratch), *end = start + layer->padded;
        MICROTVM_FLASH int8_t *w = weights;
        int32_t c = 0;
#if MT_THUMB2
        for (; c + 4 < layer->units; c += 8, w += 8 * layer->padded) {
            int32_t sums[8];
            mt_dense_products_thumb2(w, w + 4 * layer->padded, start, end, bias + c, sums);
            mt_dense_store(layer, scales, c, sums, out);
            mt_dense_store(layer, scales, c + 4, sums + 4, out);
        }
#endif
        for (; c < layer->units; c += 4) {
            int32_t a0 = bias[c], a1 = bias[c + 1], a2 = bias[c + 2], a3 = bias[c + 3];
            const int8_t *p = start;
            do {
                MT_FOUR_PRODUCTS(0, p[0])
                MT_FOUR_PRODUCTS(1, p[1])
                MT_FOUR_PRODUCTS(2, p[2])
                MT_FOUR_PRODUCTS(3, p[3])
                w += 16;
                p += 4;
            } while (p != end);
            const int32_t sums[4] = {a0, a1, a2, a3};
            mt_dense_store(layer, scales, c, sums, out);
        }
    }
}

#if MT_DSP
/* Four elements of a row with four units. */
#define MT_DENSE_DSP_STEP                                                                          \
    "ldm r0!, {r8-r11}\n"                                                                          \
    "ldr lr, [r1], #4\n"                                                                           \
    "sxtb16 r12, lr\n"                                                                             \
    "sxtb16 lr, lr, ror #8\n"                                                                      \
    "smlad r5, r8, r12, r5\n"                                                                      \
    "smlad r7, r9, r12, r7\n"                                                                      \
    "sxtb16 r8, r8\n"                                                                              \
    "sxtb16 r9, r9\n"                                                                              \
    "smlad r4, r8, r12, r4\n"                                                                      \
    "smlad r6, r9, r12, r6\n"                                                                      \
    "smlad r5, r10, lr, r5\n"                                                                      \
    "smlad r7, r11, lr, r7\n"                                                                      \
    "sxtb16 r10, r10\n"                                                                            \
    "sxtb16 r11, r11\n"                                                                            \
    "smlad r4, r10, lr, r4\n"                                                                      \
    "smlad r6, r11, lr, r6\n"

/* The sums of products of four units' weights with a row, from x to end. Written out for LDM, which
 * fetches four words of weights at once: gcc 12 makes two loads of it. */
static __attribute__((naked, noinline, unused)) void mt_dense_products_dsp(
    __attribute__((unused)) const uint32_t *weights, __attribute__((unused)) const int8_t *x,
    __attribute__((unused)) const int8_t *end, __attribute__((unused)) const int32_t *starts,
    __attribute__((unused)) int32_t *sums) {
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldm r3, {r4-r7}\n"
                     "sub r3, r2, r1\n"
                     "tst r3, #4\n" /* four elements are left over: begin amid the loop */
                     "bne 2f\n"
                     "1:\n" MT_DENSE_DSP_STEP "2:\n" MT_DENSE_DSP_STEP "cmp r1, r2\n"
                     "bne 1b\n"
                     "ldr r3, [sp, #36]\n"
                     "stm r3, {r4-r7}\n"
                     "pop {r4-r11, pc}\n");
}

/* Weights and bias as in mt_conv2d_dsp, elements in the order 0, 2, 1, 3. */
static inline void mt_dense_dsp(const mt_dense_layer *layer, const uint32_t *weights,
                                const int32_t *bias, const mt_scale *scales, const int8_t *x,
                                int8_t *out, int8_t *scratch) {
    for (int32_t row = 0; row < layer->rows; ++row, x += layer->depth, out += layer->units) {
        const int8_t *start = mt_dense_row(layer, x, scratch);
        const uint32_t *w = weights;
        const int32_t *b = bias;
        for (int32_t c = 0; c < layer->units; c += 4, w += layer->padded) {
            int32_t sums[4];
            mt_dense_products_dsp(w, start, start + layer->padded, b, sums);
            sums[1] = mt_upper(sums[1], sums[0]);
            sums[3] = mt_upper(sums[3], sums[2]);
            b += 4;
            if (layer->late) {
                sums[1] += b[0];
                sums[3] += b[1];
                b += 2;
            }
            mt_dense_store(layer, scales, c, sums, out);
        }
    }
}
#endif

#if MT_MVE
/* Weights and scales as mt_row_mve has them; needs no scratch. */
static inline void mt_dense_mve(const mt_dense_layer *layer, const int8_t *weights,
                                const int32_t *bias, const mt_scale *scales, const int8_t *x,
                                int8_t *out, int8_t *scratch) {
    (void)scratch;
    for (int32_t row = 0; row < layer->rows; ++row, x += layer->depth, out += layer->units) {
        mt_row_mve(x, layer->depth, weights, bias, (const int32_t *)scales, &layer->output,
                   layer->units, out);
    }
}
#endif

/* mt_dense_unpacked is for weights of which two channels do not fit into a halfword. */
#if MT_MVE
#define mt_dense          mt_dense_mve
#define mt_dense_unpacked mt_dense_mve
#elif MT_DSP
#define mt_dense          mt_dense_dsp
#define mt_dense_unpacked mt_dense_plain
#else
#define mt_dense          mt_dense_plain
#define mt_dense_unpacked mt_dense_plain
#endif

#endif
