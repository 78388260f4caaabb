/* SPDX-License-Identifier: Apache-2.0 */
#include "scaling.h"

int32_t arm_avgpool_s8_get_buffer_size(int out_width, int channels) {
    (void)out_width;
    return channels * (int32_t)sizeof(int32_t);
}

static arm_cmsis_nn_status pool(bool average, const cmsis_nn_pool_params *params,
                                const cmsis_nn_dims *input, const int8_t *x,
                                const cmsis_nn_dims *filter, const cmsis_nn_dims *output,
                                int8_t *out) {
    int32_t size = output->h * output->w * output->c;
    for (int32_t i = 0; i < input->n * size; ++i) {
        const int8_t *image = x + i / size * (input->h * input->w * input->c) + i % output->c;
        int32_t sum = 0, largest = INT8_MIN, count = 0;
        for (int32_t k = 0; k < filter->h * filter->w; ++k) {
            int32_t row = i % size / (output->w * output->c) * params->stride.h -
                          params->padding.h + k / filter->w;
            int32_t column =
                i / output->c % output->w * params->stride.w - params->padding.w + k % filter->w;
            if (row >= 0 && row < input->h && column >= 0 && column < input->w) {
                int32_t value = image[(row * input->w + column) * input->c];
                sum += value;
                largest = value > largest ? value : largest;
                ++count;
            }
        }
        if (count == 0) {
            return ARM_CMSIS_NN_ARG_ERROR;
        }
        int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
        int32_t value = average ? mean : largest;
        value = value < params->activation.min ? params->activation.min : value;
        out[i] = (int8_t)(value > params->activation.max ? params->activation.max : value);
    }
    return ARM_CMSIS_NN_SUCCESS;
}

arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *context,
                                   const cmsis_nn_pool_params *params, const cmsis_nn_dims *input,
                                   const int8_t *x, const cmsis_nn_dims *filter,
                                   const cmsis_nn_dims *output, int8_t *out) {
    if (!takes_buffer(context, arm_avgpool_s8_get_buffer_size(output->w, input->c))) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    return pool(true, params, input, x, filter, output, out);
}

arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context *context,
                                    const cmsis_nn_pool_params *params, const cmsis_nn_dims *input,
                                    const int8_t *x, const cmsis_nn_dims *filter,
                                    const cmsis_nn_dims *output, int8_t *out) {
    (void)context;
    return pool(false, params, input, x, filter, output, out);
}
