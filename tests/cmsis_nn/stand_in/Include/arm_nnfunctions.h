/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for CMSIS-NN, which no package registry has: its functions that compiled models call,
 * with the names, arguments and meaning that release 7 documents, and none of its code. Buffers
 * are wanted as large as the real ones are on the core that asks for most, and are overwritten. */
#ifndef STAND_IN_ARM_NNFUNCTIONS_H_
#define STAND_IN_ARM_NNFUNCTIONS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum {
    ARM_CMSIS_NN_SUCCESS = 0,
    ARM_CMSIS_NN_ARG_ERROR = -1,
    ARM_CMSIS_NN_NO_IMPL_ERROR = -2,
    ARM_CMSIS_NN_FAILURE = -3
} arm_cmsis_nn_status;

typedef struct {
    int32_t w, h;
} cmsis_nn_tile;

typedef struct {
    void *buf;
    int32_t size;
} cmsis_nn_context;

typedef struct {
    int32_t n, h, w, c;
} cmsis_nn_dims;

typedef struct {
    int32_t *multiplier, *shift;
} cmsis_nn_per_channel_quant_params;

typedef struct {
    int32_t *multiplier, *shift;
    int32_t is_per_channel;
} cmsis_nn_quant_params;

typedef struct {
    int32_t min, max;
} cmsis_nn_activation;

typedef struct {
    int32_t input_offset, output_offset;
    cmsis_nn_tile stride, padding, dilation;
    cmsis_nn_activation activation;
} cmsis_nn_conv_params;

typedef struct {
    int32_t input_offset, output_offset, ch_mult;
    cmsis_nn_tile stride, padding, dilation;
    cmsis_nn_activation activation;
} cmsis_nn_dw_conv_params;

typedef struct {
    cmsis_nn_tile stride, padding;
    cmsis_nn_activation activation;
} cmsis_nn_pool_params;

typedef struct {
    int32_t input_offset, filter_offset, output_offset;
    cmsis_nn_activation activation;
} cmsis_nn_fc_params;

/* Filters are [out channels][height][width][in channels]. */
int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params *params,
                                                const cmsis_nn_dims *input,
                                                const cmsis_nn_dims *filter,
                                                const cmsis_nn_dims *output);
arm_cmsis_nn_status arm_convolve_wrapper_s8(const cmsis_nn_context *context,
                                            const cmsis_nn_conv_params *params,
                                            const cmsis_nn_per_channel_quant_params *scales,
                                            const cmsis_nn_dims *input, const int8_t *x,
                                            const cmsis_nn_dims *filter, const int8_t *weights,
                                            const cmsis_nn_dims *bias_dims, const int32_t *bias,
                                            const cmsis_nn_dims *output, int8_t *out);

int32_t arm_convolve_s8_get_buffer_size(const cmsis_nn_dims *input, const cmsis_nn_dims *filter);
arm_cmsis_nn_status
arm_convolve_s8(const cmsis_nn_context *context, const cmsis_nn_conv_params *params,
                const cmsis_nn_per_channel_quant_params *scales, const cmsis_nn_dims *input,
                const int8_t *x, const cmsis_nn_dims *filter, const int8_t *weights,
                const cmsis_nn_dims *bias_dims, const int32_t *bias, const cmsis_nn_dims *upscale,
                const cmsis_nn_dims *output, int8_t *out);

/* Filters are [1][height][width][out channels]. */
int32_t arm_depthwise_conv_wrapper_s8_get_buffer_size(const cmsis_nn_dw_conv_params *params,
                                                      const cmsis_nn_dims *input,
                                                      const cmsis_nn_dims *filter,
                                                      const cmsis_nn_dims *output);
arm_cmsis_nn_status arm_depthwise_conv_wrapper_s8(
    const cmsis_nn_context *context, const cmsis_nn_dw_conv_params *params,
    const cmsis_nn_per_channel_quant_params *scales, const cmsis_nn_dims *input, const int8_t *x,
    const cmsis_nn_dims *filter, const int8_t *weights, const cmsis_nn_dims *bias_dims,
    const int32_t *bias, const cmsis_nn_dims *output, int8_t *out);

/* input.n rows of filter.n elements; with MVE the context's buffer holds, for each of output.c
 * units, its bias plus input_offset times the sum of its weights, and the bias is not read. */
int32_t arm_fully_connected_s8_get_buffer_size(const cmsis_nn_dims *filter);
arm_cmsis_nn_status
arm_fully_connected_wrapper_s8(const cmsis_nn_context *context, const cmsis_nn_fc_params *params,
                               const cmsis_nn_quant_params *scales, const cmsis_nn_dims *input,
                               const int8_t *x, const cmsis_nn_dims *filter, const int8_t *weights,
                               const cmsis_nn_dims *bias_dims, const int32_t *bias,
                               const cmsis_nn_dims *output, int8_t *out);

int32_t arm_avgpool_s8_get_buffer_size(int out_width, int channels);
arm_cmsis_nn_status arm_avgpool_s8(const cmsis_nn_context *context,
                                   const cmsis_nn_pool_params *params, const cmsis_nn_dims *input,
                                   const int8_t *x, const cmsis_nn_dims *filter,
                                   const cmsis_nn_dims *output, int8_t *out);
arm_cmsis_nn_status arm_max_pool_s8(const cmsis_nn_context *context,
                                    const cmsis_nn_pool_params *params, const cmsis_nn_dims *input,
                                    const int8_t *x, const cmsis_nn_dims *filter,
                                    const cmsis_nn_dims *output, int8_t *out);

#endif
