/* SPDX-License-Identifier: Apache-2.0 */
#include "scaling.h"

#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
#define STARTS_WITH_SUMS 1
#else
#define STARTS_WITH_SUMS 0
#endif

int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims *filter) {
    return STARTS_WITH_SUMS ? filter->c * (int32_t)sizeof(int32_t) : 0;
}

arm_cmsis_nn_status
arm_fully_connected_wrapper_s8(const cmsis_nn_context *context, const cmsis_nn_fc_params *params,
                               const cmsis_nn_quant_params *scales, const cmsis_nn_dims *input,
                               const int8_t *x, const cmsis_nn_dims *filter, const int8_t *weights,
                               const cmsis_nn_dims *bias_dims, const int32_t *bias,
                               const cmsis_nn_dims *output, int8_t *out) {
    const int32_t *sums = (const int32_t *)context->buf;
    if ((STARTS_WITH_SUMS && sums == NULL) || params->filter_offset != 0 ||
        filter->c != output->c || bias_dims->c != output->c || input->n != output->n ||
        input->h * input->w * input->c != filter->n) {
        return ARM_CMSIS_NN_ARG_ERROR;
    }
    for (int32_t row = 0; row < input->n; ++row, x += filter->n) {
        for (int32_t unit = 0; unit < output->c; ++unit) {
            int32_t sum = STARTS_WITH_SUMS ? sums[unit] : bias[unit];
            int32_t offset = STARTS_WITH_SUMS ? 0 : params->input_offset;
            for (int32_t k = 0; k < filter->n; ++k) {
                sum += (x[k] + offset) * weights[unit * filter->n + k];
            }
            int32_t scale = scales->is_per_channel ? unit : 0;
            *out++ = output_of(sum, scales->multiplier[scale], scales->shift[scale],
                               params->output_offset, &params->activation);
        }
    }
    return ARM_CMSIS_NN_SUCCESS;
}
