/* SPDX-License-Identifier: Apache-2.0 */
/* What the model's code needs before its first run. */
#ifndef MODEL_MEMORY_H_
#define MODEL_MEMORY_H_

#include "device_kit/device_kit.h"
#include "platform.h"

#ifdef USES_TVM_CRT
#include "tvm_crt.h"

#ifndef TVM_MEMORY_BYTES
#define TVM_MEMORY_BYTES TVM_WORKSPACE_BYTES
#endif

/* Code made by TVM 0.8 to 0.18 may ask TVM's C runtime for workspaces. */
static int model_memory_init(void) {
    static _Alignas(64) uint8_t memory[TVM_MEMORY_BYTES];
    return dk_tvm_init(&platform, memory, sizeof memory);
}
#else
static int model_memory_init(void) {
    return 0;
}
#endif

/* Makes the executor of a program that has no RPC server, its tensors in `memory`. */
static inline int model_start(dk_executor *executor, uint8_t *memory, size_t size) {
    static dk_pool pool;
    int result = model_memory_init();
    if (result == 0) {
        result = dk_pool_init(&pool, &platform, memory, size);
    }
    return result == 0 ? dk_executor_create_in_arena(executor, &pool, &dk_system_model) : result;
}

#endif
