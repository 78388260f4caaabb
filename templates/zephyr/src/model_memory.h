/* SPDX-License-Identifier: Apache-2.0 */
/* What the model's code needs before its first run. */
#ifndef MODEL_MEMORY_H_
#define MODEL_MEMORY_H_

#ifdef USES_TVM_CRT
#include "platform.h"
#include "sizes.h"
#include "tvm_crt.h"

/* Code made by TVM 0.8 to 0.18 may ask TVM's C runtime for workspaces. */
static int model_memory_init(void) {
    static uint8_t memory[TVM_MEMORY_BYTES] __aligned(64);
    return dk_tvm_init(&platform, memory, sizeof memory);
}
#else
static int model_memory_init(void) {
    return 0;
}
#endif

#endif
