/* SPDX-License-Identifier: Apache-2.0 */
/* Layers whose sums or outputs are no int8's: uint8, int16, and their outputs from 64 bits. */
#ifndef MICROTVM_WIDE_H_
#define MICROTVM_WIDE_H_

#include "microtvm_accumulator.h"

typedef enum { MT_INT8, MT_UINT8, MT_INT16 } mt_element;

static inline int32_t mt_saturated_32(int64_t value) {
    return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

/* A sum, bias included, as an output of any type. */
MT_RARE int32_t mt_wide_output(int64_t sum, MICROTVM_FLASH mt_scale *scale,
                               const mt_output *output) {
    int32_t multiplier = scale->multiplier, shift = -2 - scale->down;
    int32_t value = mt_saturated_32(sum), result;
    if (output->form == MT_SHORT) {
        result = mt_saturated_32(mt_requantize_short(sum, multiplier, shift));
    } else if (output->form == MT_UPWARDS) {
        result = mt_requantize_upwards(value, multiplier, shift);
    } else if (output->form == MT_DOUBLE) {
        result = mt_requantize_double(value, multiplier, shift);
    } else {
        result = mt_requantize_single(value, multiplier, shift);
    }
    return mt_clamp(result, output->low - output->zero, output->high - output->zero) + output->zero;
}

/* Output number `index`. */
static inline void mt_wide_store(mt_element element, void *out, int32_t index, int32_t value) {
    if (element == MT_INT16) {
        ((int16_t *)out)[index] = (int16_t)value;
    } else if (element == MT_UINT8) {
        ((uint8_t *)out)[index] = (uint8_t)value;
    } else {
        ((int8_t *)out)[index] = (int8_t)value;
    }
}

#endif
