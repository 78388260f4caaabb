/* SPDX-License-Identifier: Apache-2.0 */
/* One model with its input and output buffers. The RPC server has one; a project without RPC
 * makes its own:
 *
 *     dk_pool_init(&pool, &platform, memory, sizeof memory);
 *     dk_executor_create(&executor, &pool, &dk_system_model);
 *     memcpy(dk_executor_input(&executor, 0), samples, dk_system_model.inputs[0].nbytes);
 *     dk_executor_run(&executor);
 *     use(dk_executor_output(&executor, 0));
 */
#ifndef DEVICE_KIT_EXECUTOR_H_
#define DEVICE_KIT_EXECUTOR_H_

#include <stdint.h>

#include "device_kit/model.h"
#include "device_kit/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dk_executor {
    const dk_model *model; /* NULL: there is no executor */
    dk_pool *pool;
    void **buffers; /* inputs, then outputs; the table is in the pool */
} dk_executor;

/* Allocates and clears the model's inputs and outputs; the pool's earlier executor, if any, is
 * freed first. The pool must hold DK_POOL_BLOCK_BYTES(nbytes) for each tensor and
 * DK_POOL_BLOCK_BYTES(tensors * sizeof(void *)) for the table of them. 0 or DK_ERROR_NO_MEMORY. */
int dk_executor_create(dk_executor *executor, dk_pool *pool, const dk_model *model);

/* What dk_executor_create takes of a pool. */
uint64_t dk_executor_bytes(const dk_model *model);

/* dk_executor_create with inputs and outputs in the model's arena, where they cost next to nothing,
 * if the model has them there (dk_model.map_io); only the table of them is then in the pool. Every
 * input must be written before every run, and outputs be read before that. Not for the RPC server,
 * whose clients may write an input once for many runs. */
int dk_executor_create_in_arena(dk_executor *executor, dk_pool *pool, const dk_model *model);

void dk_executor_destroy(dk_executor *executor);

/* `index` is not checked. */
void *dk_executor_input(const dk_executor *executor, uint16_t index);
void *dk_executor_output(const dk_executor *executor, uint16_t index);

/* What dk_model.run returned. */
int32_t dk_executor_run(const dk_executor *executor);

#ifdef __cplusplus
}
#endif

#endif
