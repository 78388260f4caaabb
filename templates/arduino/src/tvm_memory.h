/* SPDX-License-Identifier: Apache-2.0 */
/* What code made by TVM 0.8 to 0.18 allocates from; other code has no need of it. */
#ifndef TVM_MEMORY_H_
#define TVM_MEMORY_H_

#include <microtvm.h>

#include "sizes.h"

#ifdef TVM_MEMORY_BYTES
alignas(16) static uint8_t tvm_memory[TVM_MEMORY_BYTES];

static inline int tvm_memory_init() {
    return dk_tvm_init(&platform, tvm_memory, sizeof tvm_memory);
}
#else
static inline int tvm_memory_init() {
    return 0;
}
#endif

#endif
