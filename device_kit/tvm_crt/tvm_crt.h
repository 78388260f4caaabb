/* SPDX-License-Identifier: Apache-2.0 */
/* TVM's standalone C runtime on the platform functions of device_kit: for models compiled by TVM
 * 0.8 to 0.18. The runtime's sources are TVM's and not part of device_kit. */
#ifndef DEVICE_KIT_TVM_CRT_H_
#define DEVICE_KIT_TVM_CRT_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/error.h"
#include "device_kit/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The least memory that dk_tvm_init accepts. */
#define DK_TVM_MEMORY_MIN 4096

/* Gives the runtime its platform, and the memory it allocates from; both must stay. Call it before
 * anything of the model or the runtime. `memory` is aligned to 16 bytes or more. 0, or
 * DK_ERROR_CONFIG when the memory is too small. */
int dk_tvm_init(const dk_platform *platform, uint8_t *memory, size_t size);

/* Calls dk_tvm_init, then starts the runtime's RPC server. 0, or a negative error. */
int dk_tvm_server_start(const dk_platform *platform, uint8_t *memory, size_t size);

/* Takes bytes as they come from the wire, in pieces of any size, and answers. All of `data` is
 * used. Returns 0; DK_SHUTDOWN when a shutdown was among it: the server has started afresh, with
 * all memory free, and waits for the next session; or a negative error, a dk_result or the negated
 * tvm_crt_error_t. */
int dk_tvm_server_receive(const uint8_t *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
