/* SPDX-License-Identifier: Apache-2.0 */
/* How sums become outputs: value * multiplier * 2^(shift - 31), rounded once or twice. */
#ifndef STAND_IN_SCALING_H_
#define STAND_IN_SCALING_H_

#include "arm_nnfunctions.h"

static inline int64_t divided(int64_t value, int32_t bits) {
    return bits == 0 ? value : (value + ((int64_t)1 << (bits - 1))) >> bits; /* halves upwards */
}

static inline int8_t output_of(int32_t sum, int32_t multiplier, int32_t shift, int32_t offset,
                               const cmsis_nn_activation *limits) {
#ifdef CMSIS_NN_USE_SINGLE_ROUNDING
    int64_t value = divided((int64_t)sum * multiplier, 31 - shift);
#else
    int64_t value =
        divided((int64_t)sum * ((int64_t)1 << (shift > 0 ? shift : 0)) * multiplier, 31);
    int32_t right = shift < 0 ? -shift : 0;
    value = value < 0 ? -divided(-value, right) : divided(value, right); /* halves away from 0 */
#endif
    value += offset;
    value = value < limits->min ? limits->min : value > limits->max ? limits->max : value;
    return (int8_t)value;
}

/* Whether a context holds what a function wants; its bytes are then spoilt. */
static inline bool takes_buffer(const cmsis_nn_context *context, int32_t wanted) {
    if (wanted > 0 && (context->buf == NULL || context->size < wanted)) {
        return false;
    }
    if (wanted > 0) {
        memset(context->buf, 0xa5, (size_t)wanted);
    }
    return true;
}

#endif
