/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of NHWC tensors of int8, uint8 or int16 with weights of 8 bits, in groups: two pixels
 * and four channels at a time, in plain C.
 *
 * The patches of both pixels are gathered first, as int16 from which the input's zero point is
 * taken: padding is 0. Products are summed in 32 bits as far as those suffice, then in 64. One
 * function serves all layers; a dense layer is a convolution of an image one row high. */
#ifndef MICROTVM_WIDE_CONV2D_H_
#define MICROTVM_WIDE_CONV2D_H_

#include "microtvm_wide.h"

typedef struct {
    int32_t height, width, channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x, pad_y, pad_x, dilation_y, dilation_x;
    int32_t groups;
    int32_t depth; /* products of an output, rounded up to a multiple of 4 */
    int32_t block; /* of these as many as are summed in 32 bits, a multiple of 4 */
    int32_t input_zero, weights_zero;
    mt_element element;
    mt_output output;
} mt_wide_layer;

/* Elements from number `first` on into every step-th place of a patch; their sum. */
static inline int32_t mt_wide_read(const mt_wide_layer *layer, int16_t *patch, int32_t step,
                                   const void *x, int32_t first, int32_t count) {
    int32_t zero = layer->input_zero, sum = 0;
    if (layer->element == MT_INT16) {
        const int16_t *source = (const int16_t *)x + first;
        for (int32_t i = 0; i < count; ++i, patch += step) {
            *patch = source[i]; /* its zero point is 0, and no weights' zero point wants the sum */
        }
    } else if (layer->element == MT_UINT8) {
        const uint8_t *source = (const uint8_t *)x + first;
        for (int32_t i = 0; i < count; ++i, patch += step) {
            int32_t value = source[i] - zero;
            sum += value;
            *patch = (int16_t)value;
        }
    } else {
        const int8_t *source = (const int8_t *)x + first;
        for (int32_t i = 0; i < count; ++i, patch += step) {
            *patch = (int16_t)(source[i] - zero);
        }
    }
    return sum;
}

/* The patch of a pixel in a group, into every step-th place; the sum of its elements. */
static MT_NOINLINE int32_t mt_wide_gather(const mt_wide_layer *layer, const void *x, int32_t pixel,
                                          int32_t group, int16_t *patch, int32_t step) {
    int32_t out_y = pixel / layer->out_width;
    int32_t out_x = pixel - out_y * layer->out_width;
    int32_t row = out_y * layer->stride_y - layer->pad_y;
    int32_t first = out_x * layer->stride_x - layer->pad_x;
    int32_t width = layer->channels / layer->groups, sum = 0;
    /* Taps that are side by side in the input are read together. */
    int32_t together = layer->groups == 1 && layer->dilation_x == 1;
    MT_APART(patch);
    for (int32_t ky = 0; ky < layer->kernel_height; ++ky, row += layer->dilation_y) {
        int32_t column = first;
        for (int32_t kx = 0; kx < layer->kernel_width;) {
            int32_t taps = 1;
            if (row >= 0 && row < layer->height && column >= 0 && column < layer->width) {
                if (together) {
                    int32_t left = layer->kernel_width - kx, inside = layer->width - column;
                    taps = left < inside ? left : inside;
                }
                int32_t at = (row * layer->width + column) * layer->channels + group * width;
                sum += mt_wide_read(layer, patch, step, x, at, taps * width);
            } else {
                for (int32_t i = 0; i < width; ++i) {
                    patch[i * step] = 0;
                }
            }
            patch += taps * width * step;
            kx += taps;
            column += taps * layer->dilation_x;
        }
    }
    return sum;
}

/* Sums of the products of four channels' weights with the patches of two pixels. */
static MT_NOINLINE void mt_wide_products_of_two(const int16_t *p, const int16_t *end,
                                                MICROTVM_FLASH int8_t *w, int32_t *sums) {
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    for (; p != end; p += 8, w += 16) {
        MT_EIGHT_PRODUCTS(0, p[0], p[1])
        MT_EIGHT_PRODUCTS(1, p[2], p[3])
        MT_EIGHT_PRODUCTS(2, p[4], p[5])
        MT_EIGHT_PRODUCTS(3, p[6], p[7])
    }
    const int32_t all[8] = {a0, a1, a2, a3, b0, b1, b2, b3};
    memcpy(sums, all, sizeof all);
}

/* The same with one patch. */
static MT_NOINLINE void mt_wide_products(const int16_t *p, const int16_t *end,
                                         MICROTVM_FLASH int8_t *w, int32_t *sums) {
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    for (; p != end; p += 4, w += 16) {
        MT_FOUR_PRODUCTS(0, p[0])
        MT_FOUR_PRODUCTS(1, p[1])
        MT_FOUR_PRODUCTS(2, p[2])
        MT_FOUR_PRODUCTS(3, p[3])
    }
    const int32_t all[4] = {a0, a1, a2, a3};
    memcpy(sums, all, sizeof all);
}

/* The outputs of one or two pixels in a group, the first at number `at`, of sums of `depth`
 * products; starts is what each pixel's sums begin with. */
static inline void mt_wide_pixels(const mt_wide_layer *layer, int32_t depth,
                                  MICROTVM_FLASH int8_t *weights, MICROTVM_FLASH int64_t *bias,
                                  MICROTVM_FLASH mt_scale *scales, const int16_t *patch,
                                  int32_t pixels, const int32_t *starts, void *out, int32_t at) {
    int32_t channels = layer->out_channels / layer->groups;
    for (int32_t c = 0; c < channels; c += 4) {
        int64_t totals[8] = {0};
        for (int32_t k = 0; k < depth; k += layer->block) {
            int32_t rest = depth - k, sums[8];
            int32_t count = rest < layer->block ? rest : layer->block;
            const int16_t *p = patch + k * pixels, *end = p + count * pixels;
            if (pixels == 2) {
                mt_wide_products_of_two(p, end, weights, sums);
            } else {
                mt_wide_products(p, end, weights, sums);
            }
            weights += count * 4;
            for (int32_t i = 0; i < pixels * 4; ++i) {
                totals[i] += sums[i];
            }
        }
        for (int32_t pixel = 0; pixel < pixels; ++pixel) {
            for (int32_t i = 0; i < 4 && c + i < channels; ++i) {
                int64_t sum = totals[pixel * 4 + i] + bias[c + i] + starts[pixel];
                mt_wide_store(layer->element, out, at + pixel * layer->out_channels + c + i,
                              mt_wide_output(sum, scales + c + i, &layer->output));
            }
        }
    }
}

/* Weights [groups][channels of a group / 4][depth][4]; patch has room for 2 * depth elements. */
static MT_NOINLINE void mt_wide_conv2d(const mt_wide_layer *layer, MICROTVM_FLASH int8_t *weights,
                                       MICROTVM_FLASH int64_t *bias,
                                       MICROTVM_FLASH mt_scale *scales, const void *x, void *out,
                                       int16_t *patch) {
    int32_t count = layer->out_height * layer->out_width;
    int32_t channels = layer->out_channels / layer->groups;
    int32_t size = (channels + 3) / 4 * 4 * layer->depth;
    memset(patch, 0, (size_t)layer->depth * 2 * sizeof *patch);
    for (int32_t n = 0; n < count; n += 2) {
        int32_t pixels = count - n < 2 ? 1 : 2;
        for (int32_t group = 0; group < layer->groups; ++group) {
            int32_t starts[2] = {0};
            for (int32_t i = 0; i < pixels; ++i) {
                int32_t sum = mt_wide_gather(layer, x, n + i, group, patch + i, pixels);
                starts[i] = -layer->weights_zero * sum;
            }
            mt_wide_pixels(layer, layer->depth, weights + group * size, bias + group * channels,
                           scales + group * channels, patch, pixels, starts, out,
                           n * layer->out_channels + group * channels);
        }
    }
}

#endif
