/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of input under a block of outputs of a depthwise convolution, padding included. */
#ifndef MICROTVM_DEPTHWISE_H_
#define MICROTVM_DEPTHWISE_H_

#include "microtvm_accumulator.h"
#include "microtvm_mve.h"

typedef struct {
    int32_t height, row_bytes;   /* of the input */
    int32_t count;               /* lines under a block */
    int32_t step;                /* lines from one block to the next */
    int32_t above;               /* rows of padding above the input */
    int32_t left, inside, right; /* bytes of a line: padding, copied from the input, padding */
    int32_t zero;
} mt_lines;

#if MT_MVE
#define mt_copy mt_copy_mve
#define mt_fill mt_fill_mve
#else
static inline void mt_fill(int8_t *target, int32_t value, int32_t size) {
    memset(target, value, (size_t)size);
}

/* Copies forwards, so that lines may move up within one buffer. */
static MT_NOINLINE void mt_copy(int8_t *target, const int8_t *source, int32_t size) {
    int32_t i = 0;
    for (; i + 16 <= size; i += 16) {
        uint32_t words[4];
        memcpy(words, source + i, sizeof words);
        memcpy(target + i, words, sizeof words);
    }
    for (; i + 4 <= size; i += 4) {
        uint32_t word = mt_word(source + i);
        memcpy(target + i, &word, sizeof word);
    }
    for (; i < size; ++i) {
        target[i] = source[i];
    }
}
#endif

/* Lines `first` and after it; those that the block before had as well are moved, not read: their
 * place in the input may hold outputs by now. */
static MT_NOINLINE void mt_read_lines(const mt_lines *lines, const int8_t *x, int32_t y,
                                      int32_t first, int8_t *buffer) {
    int32_t size = lines->left + lines->inside + lines->right;
    int32_t kept = y == 0 ? 0 : lines->count - lines->step;
    if (kept > 0) {
        mt_copy(buffer, buffer + lines->step * size, kept * size);
    } else {
        kept = 0;
    }
    for (int32_t i = kept; i < lines->count; ++i) {
        int8_t *line = buffer + i * size;
        int32_t row = first + i;
        if (row < 0 || row >= lines->height) {
            mt_fill(line, lines->zero, size);
            continue;
        }
        mt_fill(line, lines->zero, lines->left);
        mt_copy(line + lines->left, x + row * lines->row_bytes, lines->inside);
        mt_fill(line + lines->left + lines->inside, lines->zero, lines->right);
    }
}

#if MT_MVE
typedef struct {
    int32_t taps; /* even */
    int32_t channels, pixels;
    int32_t step; /* bytes from the patch of a pixel to the next one's */
    mt_output output;
} mt_depthwise_layer;

/* A row of outputs, sixteen channels at a time. Taps lie at offsets from a pixel's first one.
 * Weights [channels / 16][taps][16]; bias and scales in the order in which the sums of channels
 * come: 0, 4, 8, 12, then 2, 6, 10, 14, then 1, 5, 9, 13, then 3, 7, 11, 15. No weight is -128, so
 * that two products have room in 16 bits. Reads up to 15 bytes behind the last pixel. */
static MT_NOINLINE void mt_depthwise_mve(const mt_depthwise_layer *layer, const int32_t *offsets,
                                         const int8_t *weights, const int32_t *bias,
                                         const int32_t *scales, const int8_t *x, int8_t *out) {
    int32_t channels = layer->channels, common = layer->output.form == MT_COMMON;
    int32_t zero = layer->output.zero, pairs = layer->taps / 2;
    for (int32_t pixel = 0; pixel < layer->pixels; ++pixel, x += layer->step) {
        const int8_t *w = weights;
        const int32_t *b = bias, *s = scales;
        for (int32_t c = 0; c < channels; c += 16, b += 16, s += 32) {
            int32x4_t sum0 = vldrwq_s32(b), sum1 = vldrwq_s32(b + 4);
            int32x4_t sum2 = vldrwq_s32(b + 8), sum3 = vldrwq_s32(b + 12);
            const int8_t *p = x + c, *tap;
            const int32_t *offset = offsets;
            /* Two taps a step; q5 takes its elements twice, since there are eight registers. */
            __asm__ volatile(
                "dls lr, %[pairs]\n"
                "1:\n"
                "ldr %[tap], [%[offset]], #4\n"
                "add %[tap], %[p]\n"
                "vldrb.u8 q4, [%[tap]]\n"
                "vldrb.u8 q5, [%[w]], #16\n"
                "vmullb.s8 q6, q4, q5\n"
                "vmullt.s8 q4, q4, q5\n"
                "ldr %[tap], [%[offset]], #4\n"
                "add %[tap], %[p]\n"
                "vldrb.u8 q5, [%[tap]]\n"
                "vldrb.u8 q7, [%[w]], #16\n"
                "vmullb.s8 q5, q5, q7\n"
                "vadd.i16 q6, q6, q5\n"
                "vldrb.u8 q5, [%[tap]]\n"
                "vmullt.s8 q5, q5, q7\n"
                "vadd.i16 q4, q4, q5\n"
                "vmovlb.s16 q5, q6\n"
                "vadd.i32 %q[sum0], %q[sum0], q5\n"
                "vmovlt.s16 q6, q6\n"
                "vadd.i32 %q[sum1], %q[sum1], q6\n"
                "vmovlb.s16 q5, q4\n"
                "vadd.i32 %q[sum2], %q[sum2], q5\n"
                "vmovlt.s16 q4, q4\n"
                "vadd.i32 %q[sum3], %q[sum3], q4\n"
                "le lr, 1b\n"
                : [sum0] "+w"(sum0), [sum1] "+w"(sum1), [sum2] "+w"(sum2), [sum3] "+w"(sum3),
                  [w] "+r"(w), [offset] "+r"(offset), [tap] "=&r"(tap)
                : [p] "r"(p), [pairs] "r"(pairs)
                : "q4", "q5", "q6", "q7", "lr", "memory");
            if (common) {
                sum0 = mt_scaled_mve(sum0, s, zero);
                sum1 = mt_scaled_mve(sum1, s + 8, zero);
                sum2 = mt_scaled_mve(sum2, s + 16, zero);
                sum3 = mt_scaled_mve(sum3, s + 24, zero);
            } else {
                sum0 = mt_other_outputs_mve(sum0, s, &layer->output);
                sum1 = mt_other_outputs_mve(sum1, s + 8, &layer->output);
                sum2 = mt_other_outputs_mve(sum2, s + 16, &layer->output);
                sum3 = mt_other_outputs_mve(sum3, s + 24, &layer->output);
            }
            /* Saturated to 16 bits, then to 8. All lanes are written. */
            int16x8_t even = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(sum0), sum0), sum1);
            int16x8_t odd = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(sum2), sum2), sum3);
            int8x16_t all = vqmovntq_s16(vqmovnbq_s16(vreinterpretq_s8_s16(even), even), odd);
            if (channels - c >= 16) {
                vstrbq_s8(out + c, all);
            } else {
                vstrbq_p_s8(out + c, all, vctp8q((uint32_t)(channels - c)));
            }
        }
        out += channels;
    }
}
#endif

#endif
