/* SPDX-License-Identifier: Apache-2.0 */
/* Transposed convolution of int8 NHWC tensors with int8 weights.
 *
 * Each output pixel gathers from the input pixels that reach it, so that nothing is summed in
 * memory; where an input would lie between pixels or outside, there is nothing to add. */
#ifndef MICROTVM_TRANSPOSED_CONV2D_H_
#define MICROTVM_TRANSPOSED_CONV2D_H_

#include "microtvm_accumulator.h"

typedef struct {
    int32_t height, width, channels;
    int32_t out_height, out_width, out_channels;
    int32_t kernel_height, kernel_width;
    int32_t stride_y, stride_x, pad_y, pad_x;
    int32_t input_zero;
    mt_output output;
} mt_transposed_conv2d_layer;

/* The output channels at (y, x). Weights [channels][kernel height][kernel width][input channels].
 */
static inline void mt_transposed_conv2d_pixel(const mt_transposed_conv2d_layer *layer,
                                              MICROTVM_FLASH int8_t *weights,
                                              MICROTVM_FLASH int32_t *bias,
                                              MICROTVM_FLASH mt_scale *scales, const int8_t *image,
                                              int8_t *out, int32_t y, int32_t x) {
    int32_t channels = layer->channels;
    /* The first row and column of the kernel that meet an input; every stride-th does. */
    int32_t first_y = (y + layer->pad_y) % layer->stride_y;
    int32_t first_x = (x + layer->pad_x) % layer->stride_x;
    for (int32_t c = 0; c < layer->out_channels; ++c) {
        int32_t sum = bias[c];
        for (int32_t ky = first_y; ky < layer->kernel_height; ky += layer->stride_y) {
            int32_t row = (y + layer->pad_y - ky) / layer->stride_y;
            if (y + layer->pad_y < ky || row >= layer->height) {
                continue;
            }
            for (int32_t kx = first_x; kx < layer->kernel_width; kx += layer->stride_x) {
                int32_t column = (x + layer->pad_x - kx) / layer->stride_x;
                if (x + layer->pad_x < kx || column >= layer->width) {
                    continue;
                }
                const int8_t *p = image + (row * layer->width + column) * channels;
                MICROTVM_FLASH int8_t *w =
                    weights +
                    ((c * layer->kernel_height + ky) * layer->kernel_width + kx) * channels;
                for (int32_t k = 0; k < channels; ++k) {
                    sum += (p[k] - layer->input_zero) * w[k];
                }
            }
        }
        out[c] = mt_output_of(sum, scales + c, &layer->output);
    }
}

static inline void mt_transposed_conv2d(const mt_transposed_conv2d_layer *layer,
                                        MICROTVM_FLASH int8_t *weights,
                                        MICROTVM_FLASH int32_t *bias,
                                        MICROTVM_FLASH mt_scale *scales, const int8_t *image,
                                        int8_t *out) {
    for (int32_t y = 0; y < layer->out_height; ++y) {
        for (int32_t x = 0; x < layer->out_width; ++x, out += layer->out_channels) {
            mt_transposed_conv2d_pixel(layer, weights, bias, scales, image, out, y, x);
        }
    }
}

#endif
