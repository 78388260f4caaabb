/* SPDX-License-Identifier: Apache-2.0 */
#include "scaling.h"

typedef struct {
    const cmsis_nn_dims *input, *filter, *output;
    cmsis_nn_tile stride, padding, dilation;
    int32_t input_offset, group; /* channels of input that an output sees */
    int32_t multiplier;          /* outputs of a channel, in a depthwise convolution */
} window;

/* The sum at (y, x) of one output channel; weights at the channel's first one, `step` apart. */
static int32_t sum_of(const window *w, const int8_t *image, const int8_t *weights, int32_t step,
                      int32_t y, int32_t x, int32_t channel) {
    int32_t sum = 0;
    for (int32_t ky = 0; ky < w->filter->h; ++ky) {
        for (int32_t kx = 0; kx < w->filter->w; ++kx) {
            int32_t row = y * w->stride.h - w->padding.h + ky * w->dilation.h;
            int32_t column = x * w->stride.w - w->padding.w + kx * w->dilation.w;
            if (row < 0 || row >= w->input->h || column < 0 || column >= w->input->w) {
                continue;
            }
            const int8_t *pixel = image + (row * w->input->w + column) * w->input->c;
            for (int32_t c = 0; c < w->group; ++c) {
                int32_t tap = (ky * w->filter->w + kx) * w->group + c;
                sum += (pixel[channel + c] + w->input_offset) * weights[tap * step];
            }
        }
    }
    return sum;
}

static void convolve(const window *w, const cmsis_nn_per_channel_quant_params *scales,
                     const int8_t *x, const int8_t *weights, const int32_t *bias,
                     int32_t output_offset, const cmsis_nn_activation *limits, int8_t *out) {
    int32_t taps = w->filter->h * w->filter->w * w->group;
    for (int32_t n = 0; n < w->input->n; ++n, x += w->input->h * w->input->w * w->input->c) {
        for (int32_t at = 0; at < w->output->h * w->output->w; ++at) {
            for (int32_t c = 0; c < w->output->c; ++c) {
                bool deep = w->multiplier == 0;
                int32_t sum = bias[c] + sum_of(w, x, deep ? weights + c * taps : weights + c,
                                               deep ? 1 : w->output->c, at / w->output->w,
                                               at % w->output->w, deep ? 0 : c / w->multiplier);
                *out++ =
                    output_of(sum, scales->multiplier[c], scales->shift[c], output_offset, limits);
            }
        }
    }
}

/* Each output sees all channels of the input. */
static arm_cmsis_nn_status
convolve_all(const cmsis_nn_conv_params *params, const cmsis_nn_per_channel_quant_params *scales,
             const cmsis_nn_dims *input, const int8_t *x, const cmsis_nn_dims *filter,
             const int8_t *weights, const int32_t *bias, const cmsis_nn_dims *output, int8_t *out) {
    window w = {input,
                filter,
                output,
                params->stride,
                params->padding,
                params->dilation,
                params->input_offset,
                input->c,
                0};
    convolve(&w, scales, x, weights, bias, params->output_offset, &params->activation, out);
    return ARM_CMSIS_NN_SUCCESS;
}

int32_t arm_convolve_s8_get_buffer_size(const cmsis_nn_dims *input, const cmsis_nn_dims *filter) {
    return 4 * ((filter->h * filter->w * input->c + 15) / 16 * 16);
}

arm_cmsis_nn_status
arm_convolve_s8(const cmsis_nn_context *context, const cmsis_nn_conv_params *params,
                const cmsis_nn_per_channel_quant_params *scales, const cmsis_nn_dims *input,
                const int8_t *x, const cmsis_nn_dims *filter, const int8_t *weights,
                const cmsis_nn_dims *bias_dims, const int32_t *bias, const cmsis_nn_dims *upscale,
                const cmsis_nn_dims *output, int8_t *out) {
    if (!takes_buffer(context, arm_convolve_s8_get_buffer_size(input, filter)) || upscale != NULL ||
        filter->c != input->c || filter->n != output->c || bias_dims->c != output->c ||
        input->n != output->n) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    return convolve_all(params, scales, input, x, filter, weights, bias, output, out);
}

int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params *params,
                                                const cmsis_nn_dims *input,
                                                const cmsis_nn_dims *filter,
                                                const cmsis_nn_dims *output) {
    (void)output;
    if (params->padding.w == 0 && params->padding.h == 0 && filter->w == 1 && filter->h == 1) {
        return 4 * input->c; /* two patches in halfwords */
    }
    return arm_convolve_s8_get_buffer_size(input, filter);
}

arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context *context,
                                            const cmsis_nn_conv_params *params,
                                            const cmsis_nn_per_channel_quant_params *scales,
                                            const cmsis_nn_dims *input, const int8_t *x,
                                            const cmsis_nn_dims *filter, const int8_t *weights,
                                            const cmsis_nn_dims *bias_dims, const int32_t *bias,
                                            const cmsis_nn_dims *output, int8_t *out) {
    int32_t wanted = arm_convolve_wrapper_s8_get_buffer_size(params, input, filter, output);
    /* What is sure for any kind of kernel that the wrapper may choose: one row is convolved as a
     * matrix, with as much padding on the right as on the left, or one column more. */
    int32_t over =
        (output->w - 1) * params->stride.w + filter->w - input->w - 2 * params->padding.w;
    if (input->h == 1 && filter->h == 1 && filter->w > 1 && params->dilation.w == 1 &&
        (params->stride.w != 1 || over < 0 || over > 1)) {
        return ARM_CMSIS_NN_FAILURE;
    }
    if (!takes_buffer(context, wanted) || filter->c != input->c || filter->n != output->c ||
        bias_dims->c != output->c || input->n != output->n) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    return convolve_all(params, scales, input, x, filter, weights, bias, output, out);
}

int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params *params,
                                                      const cmsis_nn_dims *input,
                                                      const cmsis_nn_dims *filter,
                                                      const cmsis_nn_dims *output) {
    (void)params;
    int32_t taps = filter->h * filter->w;
    int32_t vectors = 4 * 124 * taps, halfwords = 2 * input->c * taps;
    int32_t size = vectors > halfwords ? vectors : halfwords;
    if (input->c == 1) { /* as a convolution, whose filter it transposes */
        int32_t other = 4 * ((taps + 15) / 16 * 16) + taps * output->c;
        return other > size ? other : size;
    }
    return size;
}

arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(
    const cmsis_nn_context *context, const cmsis_nn_dw_conv_params *params,
    const cmsis_nn_per_channel_quant_params *scales, const cmsis_nn_dims *input, const int8_t *x,
    const cmsis_nn_dims *filter, const int8_t *weights, const cmsis_nn_dims *bias_dims,
    const int32_t *bias, const cmsis_nn_dims *output, int8_t *out) {
    int32_t wanted = arm_depthwise_conv_wrapper_s8_get_buffer_size(params, input, filter, output);
    if (!takes_buffer(context, wanted) || filter->n != 1 || filter->c != output->c ||
        params->ch_mult * input->c != output->c || bias_dims->c != output->c ||
        input->n != output->n) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    window w = {input,
                filter,
                output,
                params->stride,
                params->padding,
                params->dilation,
                params->input_offset,
                1,
                params->ch_mult};
    convolve(&w, scales, x, weights, bias, params->output_offset, &params->activation, out);
    return ARM_CMSIS_NN_SUCCESS;
}
