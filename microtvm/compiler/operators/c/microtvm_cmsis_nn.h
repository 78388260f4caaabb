/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of CMSIS-NN, Arm's kernels, release 7: what became of them. */
#ifndef MICROTVM_CMSIS_NN_H_
#define MICROTVM_CMSIS_NN_H_

#include <arm_nnfunctions.h>

#ifdef CMSIS_NN_USE_SINGLE_ROUNDING
#define MT_CMSIS_NN_SINGLE_ROUNDING 1
#else
#define MT_CMSIS_NN_SINGLE_ROUNDING 0
#endif

/* 0, or the last status of a call in this run that was not success. */
static int32_t mt_cmsis_nn_status;

/* A call, unless its buffer of `size` bytes is smaller than what it says that it wants. */
#define MT_CMSIS_NN(wanted, size, call)                                                            \
    {                                                                                              \
        int32_t status = (wanted) > (size) ? ARM_CMSIS_NN_ARG_ERROR : (call);                      \
        if (status != ARM_CMSIS_NN_SUCCESS) {                                                      \
            mt_cmsis_nn_status = status;                                                           \
        }                                                                                          \
    }

#endif
