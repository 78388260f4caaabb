/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of int8 NHWC tensors with int8 weights: two pixels and four channels at a time.
 *
 * The patches of both pixels are gathered first, padding included, so that the inner loop tests
 * nothing. They lie in groups of four elements, those of the two pixels in turn. One function
 * serves all layers. */
#ifndef MICROTVM_CONV2D_H_
#define MICROTVM_CONV2D_H_

#include "microtvm_accumulator.h"
#include "microtvm_mve.h"
#include "microtvm_two_pixels.h"

typedef struct {
    int32_t height, width, channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
    int32_t depth;     /* kernel_height * kernel_width * channels, rounded up to a multiple of 4 */
    int32_t pointwise; /* whether the kernel has one element, and nothing is padded */
    int32_t input_zero;
    int32_t late; /* whether the bias is added after the sums of two channels are parted */
    mt_output output;
} mt_conv2d_layer;

/* An addition of another tensor that follows: (bias + result * factor + skip * skip_factor)
 * >> shift, plus the output's zero point. */
typedef struct {
    int32_t bias, factor, skip_factor, shift, zero, low, high;
} mt_addition;

static inline void mt_add(const mt_addition *addition, const int8_t *results, const int8_t *skip,
                          int8_t *out, int32_t count) {
    for (int32_t i = 0; i < count; ++i) {
        int32_t sum =
            addition->bias + results[i] * addition->factor + skip[i] * addition->skip_factor;
        sum = (sum >> addition->shift) + addition->zero;
        out[i] = (int8_t)mt_clamp(sum, addition->low, addition->high);
    }
}

/* Elements k to k + count of a pixel's patch; padding where there is no source. */
static inline void mt_store_bytes(int8_t *patch, int32_t pixel, int32_t k, const int8_t *source,
                                  int32_t count, int32_t zero) {
    int8_t *group = patch + (k & ~3) * 2 + pixel * 4;
    if (((k | count) & 3) == 0) {
        uint32_t fill = (uint32_t)(zero & 0xff) * 0x01010101u;
        for (int32_t i = 0; i < count; i += 4, group += 8) {
            uint32_t word = source != NULL ? mt_word(source + i) : fill;
            memcpy(group, &word, sizeof word);
        }
        return;
    }
    for (int32_t i = 0; i < count; ++i) {
        int32_t at = k + i;
        patch[(at & ~3) * 2 + pixel * 4 + (at & 3)] = source != NULL ? source[i] : (int8_t)zero;
    }
}

#if MT_DSP
static inline void mt_spread(uint32_t *group, uint32_t word) {
    group[0] = mt_even(word);
    group[2] = mt_odd(word);
}

/* Groups of four elements as SXTB16 gives them: 0, 2, 1, 3. */
static MT_NOINLINE void mt_spread_groups(uint32_t *group, const int8_t *source, int32_t count,
                                         int32_t zero) {
    MT_APART(group);
    if (source == NULL) {
        uint32_t fill = (uint32_t)(zero & 0xffff) * 0x00010001u;
        for (; count > 0; count -= 4, group += 4) {
            group[0] = fill;
            group[2] = fill;
        }
        return;
    }
    for (; count >= 16; count -= 16, source += 16, group += 16) {
        mt_spread(group, mt_word(source));
        mt_spread(group + 4, mt_word(source + 4));
        mt_spread(group + 8, mt_word(source + 8));
        mt_spread(group + 12, mt_word(source + 12));
    }
    for (; count > 0; count -= 4, source += 4, group += 4) {
        mt_spread(group, mt_word(source));
    }
}

/* Pairs of elements in natural order; four at a time from where a pair begins. */
static inline void mt_spread_one(int16_t *elements, int32_t k, int32_t value) {
    elements[(k & ~1) * 2 + (k & 1)] = (int16_t)value;
}

static MT_NOINLINE void mt_spread_pairs(int16_t *elements, int32_t k, const int8_t *source,
                                        int32_t count, int32_t zero) {
    MT_APART(elements);
    int32_t end = k + count;
    if (source == NULL) {
        for (; k < end; ++k) {
            mt_spread_one(elements, k, zero);
        }
        return;
    }
    if ((k & 1) != 0) {
        mt_spread_one(elements, k++, *source++);
    }
    uint32_t *pairs = (uint32_t *)(void *)(elements + k * 2);
    for (; k + 4 <= end; k += 4, source += 4, pairs += 4) {
        uint32_t word = mt_word(source), even = mt_even(word), odd = mt_odd(word);
        pairs[0] = (even & 0xffffu) | odd << 16;
        pairs[2] = (odd & 0xffff0000u) | even >> 16;
    }
    for (; k < end; ++k) {
        mt_spread_one(elements, k, *source++);
    }
}

/* The same as halfwords: in natural order, or in groups where the channels come in fours. */
static inline void mt_store_halfwords(int8_t *patch, int32_t pixel, int32_t k, const int8_t *source,
                                      int32_t count, int32_t zero, int32_t in_fours) {
    if (in_fours) {
        mt_spread_groups((uint32_t *)(void *)patch + k + pixel, source, count, zero);
        return;
    }
    mt_spread_pairs((int16_t *)(void *)patch + pixel * 2, k, source, count, zero);
}
#endif

/* How a patch lies in memory. */
typedef enum { MT_GROUPS, MT_HALFWORDS, MT_BYTES } mt_patch;

static inline void mt_store(mt_patch form, int8_t *patch, int32_t pixel, int32_t k,
                            const int8_t *source, int32_t count, const mt_conv2d_layer *layer) {
#if MT_MVE
    if (form == MT_BYTES) {
        if (source != NULL) {
            mt_copy_mve(patch + k, source, count);
        } else {
            mt_fill_mve(patch + k, layer->input_zero, count);
        }
        return;
    }
#endif
#if MT_DSP
    if (form == MT_HALFWORDS) {
        mt_store_halfwords(patch, pixel, k, source, count, layer->input_zero,
                           (layer->channels & 3) == 0);
        return;
    }
#endif
    (void)form;
    mt_store_bytes(patch, pixel, k, source, count, layer->input_zero);
}

static inline void mt_gather(const mt_conv2d_layer *layer, const int8_t *x, int32_t index,
                             int8_t *patch, int32_t pixel, mt_patch form) {
    int32_t out_y = index / layer->out_width;
    int32_t out_x = index - out_y * layer->out_width;
    int32_t row = out_y * layer->stride_y - layer->pad_y;
    int32_t first = out_x * layer->stride_x - layer->pad_x;
    int32_t channels = layer->channels;
    if (layer->pointwise) {
        mt_store(form, patch, pixel, 0, x + (row * layer->width + first) * channels, channels,
                 layer);
        return;
    }
    int32_t k = 0;
    for (int32_t ky = 0; ky < layer->kernel_height; ++ky, row += layer->dilation_y) {
        int32_t column = first;
        for (int32_t kx = 0; kx < layer->kernel_width;) {
            /* Taps from here on that are alike: side by side in the input, or padding. */
            int32_t taps = layer->dilation_x == 1 ? layer->kernel_width - kx : 1;
            const int8_t *source = NULL;
            if (row >= 0 && row < layer->height && column < layer->width) {
                if (column < 0) {
                    taps = -column < taps ? -column : taps;
                } else {
                    taps = layer->width - column < taps ? layer->width - column : taps;
                    source = x + (row * layer->width + column) * channels;
                }
            }
            int32_t count = taps * channels;
            mt_store(form, patch, pixel, k, source, count, layer);
            k += count;
            kx += taps;
            column += taps * layer->dilation_x;
        }
    }
}

MT_RARE void mt_conv2d_store_other(const mt_conv2d_layer *layer, MICROTVM_FLASH mt_scale *scales,
                                   int32_t left, const int32_t *sums, int8_t *out0, int8_t *out1) {
    int32_t i = 0;
    do {
        out0[i] = mt_other_output(sums[i], scales + i, &layer->output);
        out1[i] = mt_other_output(sums[4 + i], scales + i, &layer->output);
    } while (++i < 4 && i < left);
}

#define MT_STORE(i, a, b)                                                                          \
    {                                                                                              \
        int32_t multiplier = scales[i].multiplier, down = scales[i].down;                          \
        out0[i] = mt_common_output(a, multiplier, down, zero);                                     \
        out1[i] = mt_common_output(b, multiplier, down, zero);                                     \
    }

/* The next channels, at most four, of two pixels (which may be the same one). */
#define MT_STORE_FOUR()                                                                            \
    if (left >= 4 && layer->output.form == MT_COMMON) {                                            \
        int32_t zero = 1 + 2 * layer->output.zero;                                                 \
        MT_STORE(0, a0, b0)                                                                        \
        MT_STORE(1, a1, b1)                                                                        \
        MT_STORE(2, a2, b2)                                                                        \
        MT_STORE(3, a3, b3)                                                                        \
    } else {                                                                                       \
        const int32_t all[8] = {a0, a1, a2, a3, b0, b1, b2, b3};                                   \
        mt_conv2d_store_other(layer, scales, left, all, out0, out1);                               \
    }

/* All channels of two pixels. */
static MT_NOINLINE void mt_pixels_plain(const mt_conv2d_layer *layer, MICROTVM_FLASH int8_t *w,
                                        MICROTVM_FLASH int32_t *bias,
                                        MICROTVM_FLASH mt_scale *scales, const int8_t *patch,
                                        int8_t *out0, int8_t *out1) {
    int32_t left = layer->out_channels;
#if MT_THUMB2
    int32_t fours = layer->output.form == MT_COMMON ? left >> 2 : 0;
    if (fours > 0) {
        mt_pixels_common_thumb2(w, patch, patch + layer->depth * 2, bias, scales, out0, out1,
                                1 + 2 * layer->output.zero, fours);
        left -= fours * 4;
        w += fours * 4 * layer->depth;
        bias += fours * 4;
        scales += fours * 4;
        out0 += fours * 4;
        out1 += fours * 4;
    }
#endif
    for (; left > 0; left -= 4) {
        int32_t a0 = bias[0], a1 = bias[1], a2 = bias[2], a3 = bias[3];
        int32_t b0 = a0, b1 = a1, b2 = a2, b3 = a3;
        const int8_t *p = patch, *end = patch + layer->depth * 2;
        do {
            MT_EIGHT_PRODUCTS(0, p[0], p[4])
            MT_EIGHT_PRODUCTS(1, p[1], p[5])
            MT_EIGHT_PRODUCTS(2, p[2], p[6])
            MT_EIGHT_PRODUCTS(3, p[3], p[7])
            w += 16;
            p += 8;
        } while (p != end);
        MT_STORE_FOUR()
        bias += 4;
        scales += 4;
        out0 += 4;
        out1 += 4;
    }
}

/* Weights [channels / 4][depth][4], any core. */
static inline void mt_conv2d_plain(const mt_conv2d_layer *layer, MICROTVM_FLASH int8_t *weights,
                                   MICROTVM_FLASH int32_t *bias, MICROTVM_FLASH mt_scale *scales,
                                   const int8_t *x, int8_t *out, int8_t *patch,
                                   const mt_addition *addition, const int8_t *skip) {
    int32_t pixels = layer->out_height * layer->out_width;
    int32_t channels = layer->out_channels;
    int8_t *results = patch + layer->depth * 2; /* of two pixels, before an addition */
    memset(patch, 0, (size_t)layer->depth * 2);
    for (int32_t n = 0; n < pixels; n += 2) {
        int32_t second = n + 1 < pixels ? n + 1 : n;
        mt_gather(layer, x, n, patch, 0, MT_GROUPS);
        mt_gather(layer, x, second, patch, 1, MT_GROUPS);
        int8_t *out0 = addition != NULL ? results : out + n * channels;
        mt_pixels_plain(layer, weights, bias, scales, patch, out0, out0 + (second - n) * channels);
        if (addition != NULL) {
            mt_add(addition, out0, skip + n * channels, out + n * channels,
                   (second - n + 1) * channels);
        }
    }
}

#if MT_DSP
/* Channels of two pixels in any form, or fewer than four. */
MT_RARE void mt_pixels_other_dsp(const mt_conv2d_layer *layer, const uint32_t *weights,
                                 const int32_t *bias, const mt_scale *scales, const uint32_t *patch,
                                 int8_t *out0, int8_t *out1, int32_t first) {
    int32_t c = first;
    do {
        int32_t four = c >> 2, sums[8];
        mt_pixels_common_dsp(weights + four * layer->depth, patch, patch + layer->depth,
                             bias + four * (4 + 2 * layer->late), NULL, NULL, NULL, 0, layer->late,
                             0, sums);
        mt_conv2d_store_other(layer, scales + c, layer->out_channels - c, sums, out0 + c, out1 + c);
        c += 4;
    } while (c < layer->out_channels);
}

/* All channels of two pixels. */
static inline void mt_pixels_dsp(const mt_conv2d_layer *layer, const uint32_t *weights,
                                 const int32_t *bias, const mt_scale *scales, const int8_t *patch,
                                 int8_t *out0, int8_t *out1) {
    const uint32_t *p = (const uint32_t *)(const void *)patch;
    int32_t fours = layer->output.form == MT_COMMON ? layer->out_channels >> 2 : 0;
    if (fours > 0) {
        mt_pixels_common_dsp(weights, p, p + layer->depth, bias, scales, out0, out1,
                             1 + 2 * layer->output.zero, layer->late, fours, NULL);
    }
    if (fours * 4 < layer->out_channels) {
        mt_pixels_other_dsp(layer, weights, bias, scales, p, out0, out1, fours * 4);
    }
}

/* Weights [channels / 4][depth / 2][2 pairs of channels][2 elements] of halfwords that hold two
 * channels each; bias as the sums begin, and where that is late two more of each four channels. */
static inline void mt_conv2d_dsp(const mt_conv2d_layer *layer, const uint32_t *weights,
                                 const int32_t *bias, const mt_scale *scales, const int8_t *x,
                                 int8_t *out, int8_t *patch, const mt_addition *addition,
                                 const int8_t *skip) {
    int32_t pixels = layer->out_height * layer->out_width;
    int32_t channels = layer->out_channels;
    int8_t *results = patch + layer->depth * 4;
    memset(patch, 0, (size_t)layer->depth * 4);
    for (int32_t n = 0; n < pixels; n += 2) {
        int32_t second = n + 1 < pixels ? n + 1 : n;
        mt_gather(layer, x, n, patch, 0, MT_HALFWORDS);
        mt_gather(layer, x, second, patch, 1, MT_HALFWORDS);
        int8_t *out0 = addition != NULL ? results : out + n * channels;
        mt_pixels_dsp(layer, weights, bias, scales, patch, out0, out0 + (second - n) * channels);
        if (addition != NULL) {
            mt_add(addition, out0, skip + n * channels, out + n * channels,
                   (second - n + 1) * channels);
        }
    }
}
#endif

#if MT_MVE
static inline void mt_add_mve(const mt_addition *addition, const int8_t *results,
                              const int8_t *skip, int8_t *out, int32_t count) {
    /* In registers: for all that the compiler knows, `out` may be what `addition` points to. */
    int32x4_t bias = vdupq_n_s32(addition->bias), zero = vdupq_n_s32(addition->zero);
    int32x4_t low = vdupq_n_s32(addition->low), high = vdupq_n_s32(addition->high);
    int32_t factor = addition->factor, skip_factor = addition->skip_factor;
    int32_t up = -addition->shift;
    for (; count > 0; count -= 4, results += 4, skip += 4, out += 4) {
        mve_pred16_t inside = vctp32q((uint32_t)count);
        int32x4_t sum = vmlaq_n_s32(bias, vldrbq_z_s32(results, inside), factor);
        sum = vmlaq_n_s32(sum, vldrbq_z_s32(skip, inside), skip_factor);
        sum = vaddq_s32(vshlq_r_s32(sum, up), zero);
        vstrbq_p_s32(out, vminq_s32(vmaxq_s32(sum, low), high), inside);
    }
}

/* The patch of a pixel whose first tap is at (row, column), where taps lie side by side. */
static inline void mt_gather_mve(const mt_conv2d_layer *layer, const int8_t *x, int32_t row,
                                 int32_t column, int8_t *patch) {
    int32_t channels = layer->channels, width = layer->width, beyond;
    int32_t taps = layer->kernel_width, size = taps * channels, zero = layer->input_zero;
    int32_t left = column < 0 ? -column * channels : 0;
    beyond = column + taps - width;
    int32_t right = beyond > 0 ? beyond * channels : 0;
    int32_t inside = size - left - right;
    const int8_t *source = x + (row * width + column) * channels + left;
    for (int32_t ky = 0; ky < layer->kernel_height; ++ky, ++row) {
        if (row < 0 || row >= layer->height || inside <= 0) {
            mt_fill_mve(patch, zero, size);
        } else if (inside == size) {
            mt_copy_mve(patch, source, size);
        } else {
            mt_fill_mve(patch, zero, left);
            mt_copy_mve(patch + left, source, inside);
            mt_fill_mve(patch + left + inside, zero, right);
        }
        patch += size;
        source += width * channels;
    }
}

/* One pixel at a time; weights and scales as mt_row_mve has them. */
static inline void mt_conv2d_mve(const mt_conv2d_layer *layer, const int8_t *weights,
                                 const int32_t *bias, const mt_scale *scales, const int8_t *x,
                                 int8_t *out, int8_t *patch, const mt_addition *addition,
                                 const int8_t *skip) {
    int32_t depth = layer->kernel_height * layer->kernel_width * layer->channels;
    int32_t channels = layer->out_channels, column = 0, row = -layer->pad_y;
    int32_t pixels = layer->out_height * layer->out_width;
    int32_t side_by_side = layer->dilation_x == 1 && layer->dilation_y == 1;
    uintptr_t from = (uintptr_t)x, to = (uintptr_t)out;
    int32_t over = to < from + (uintptr_t)(layer->height * layer->width * layer->channels) &&
                   from < to + (uintptr_t)(pixels * channels); /* written over its input */
    int8_t *results = patch + layer->depth;
    for (int32_t n = 0; n < pixels; ++n, out += channels) {
        const int8_t *elements = patch;
        if (layer->pointwise) {
            elements = x + (row * layer->width + column * layer->stride_x) * layer->channels;
            if (over) {
                mt_copy_mve(patch, elements, depth);
                elements = patch;
            }
        } else if (side_by_side) {
            mt_gather_mve(layer, x, row, column * layer->stride_x - layer->pad_x, patch);
        } else {
            mt_gather(layer, x, n, patch, 0, MT_BYTES);
        }
        mt_row_mve(elements, depth, weights, bias, (const int32_t *)scales, &layer->output,
                   channels, addition != NULL ? results : out);
        if (addition != NULL) {
            mt_add_mve(addition, results, skip, out, channels);
            skip += channels;
        }
        if (++column == layer->out_width) {
            column = 0;
            row += layer->stride_y;
        }
    }
}
#endif

/* mt_conv2d_unpacked is for weights of which two channels do not fit into a halfword. */
#if MT_MVE
#define mt_conv2d          mt_conv2d_mve
#define mt_conv2d_unpacked mt_conv2d_mve
#elif MT_DSP
#define mt_conv2d          mt_conv2d_dsp
#define mt_conv2d_unpacked mt_conv2d_plain
#else
#define mt_conv2d          mt_conv2d_plain
#define mt_conv2d_unpacked mt_conv2d_plain
#endif

#endif
