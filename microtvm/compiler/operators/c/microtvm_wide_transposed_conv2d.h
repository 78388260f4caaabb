/* SPDX-License-Identifier: Apache-2.0 */
/* Transposed convolution of NHWC tensors of uint8 or int16 with weights of 8 bits, in plain C.
 *
 * Which of a kernel's rows and columns meet an input repeats with the strides: for each such phase
 * the weights of those lie together, and a patch is gathered of their inputs alone. */
#ifndef MICROTVM_WIDE_TRANSPOSED_CONV2D_H_
#define MICROTVM_WIDE_TRANSPOSED_CONV2D_H_

#include "microtvm_wide_conv2d.h"

/* What an output at (y, x) is made of, from the kernel's first row and column that meet an input;
 * the sum of its elements. */
static MT_NOINLINE int32_t mt_wide_gather_transposed(const mt_wide_layer *layer, const void *image,
                                                     int32_t y, int32_t x, int16_t *patch) {
    int32_t channels = layer->channels, sum = 0;
    MT_APART(patch);
    for (int32_t ky = y % layer->stride_y; ky < layer->kernel_height; ky += layer->stride_y) {
        int32_t row = (y - ky) / layer->stride_y;
        for (int32_t kx = x % layer->stride_x; kx < layer->kernel_width; kx += layer->stride_x) {
            int32_t column = (x - kx) / layer->stride_x;
            if (y >= ky && row < layer->height && x >= kx && column < layer->width) {
                int32_t at = (row * layer->width + column) * channels;
                sum += mt_wide_read(layer, patch, 1, image, at, channels);
            } else {
                memset(patch, 0, (size_t)channels * sizeof *patch);
            }
            patch += channels;
        }
    }
    return sum;
}

/* Weights [phases][channels / 4][depth][4]; the depth of each phase, rounded up to a multiple of 4.
 * The patch has room for the largest. */
static MT_NOINLINE void mt_wide_transposed_conv2d(const mt_wide_layer *layer, const int32_t *depths,
                                                  MICROTVM_FLASH int8_t *weights,
                                                  MICROTVM_FLASH int64_t *bias,
                                                  MICROTVM_FLASH mt_scale *scales,
                                                  const void *image, void *out, int16_t *patch) {
    int32_t padded = (layer->out_channels + 3) / 4 * 4, at = 0;
    memset(patch, 0, (size_t)layer->depth * sizeof *patch);
    for (int32_t n = 0; n < layer->out_height; ++n) {
        int32_t y = n + layer->pad_y;
        for (int32_t m = 0; m < layer->out_width; ++m, at += layer->out_channels) {
            int32_t x = m + layer->pad_x;
            int32_t phase = y % layer->stride_y * layer->stride_x + x % layer->stride_x;
            MICROTVM_FLASH int8_t *w = weights;
            for (int32_t i = 0; i < phase; ++i) {
                w += depths[i] * padded;
            }
            int32_t sum = mt_wide_gather_transposed(layer, image, y, x, patch);
            int32_t starts[2] = {-layer->weights_zero * sum, 0};
            mt_wide_pixels(layer, depths[phase], w, bias, scales, patch, 1, starts, out, at);
        }
    }
}

#endif
