/* SPDX-License-Identifier: Apache-2.0 */
#include "device_kit/executor.h"

#include <stddef.h>
#include <string.h>

#include "device_kit/error.h"

static uint32_t tensor_count(const dk_model *model) {
    return (uint32_t)model->num_inputs + model->num_outputs;
}

static const dk_tensor_info *tensor_info(const dk_model *model, uint32_t index) {
    return index < model->num_inputs ? &model->inputs[index]
                                     : &model->outputs[index - model->num_inputs];
}

static void free_blocks(dk_pool *pool) {
    dk_pool_free_all(pool, DK_OWNER_EXECUTOR);
    dk_pool_free_all(pool, DK_OWNER_RUNTIME);
}

static int allocate_table(dk_executor *executor, dk_pool *pool, uint32_t count) {
    free_blocks(pool);
    executor->model = NULL;
    executor->pool = pool;
    executor->buffers = dk_pool_allocate(pool, count * (uint32_t)sizeof(void *), DK_OWNER_RUNTIME);
    return executor->buffers == NULL ? DK_ERROR_NO_MEMORY : DK_OK;
}

uint64_t dk_executor_bytes(const dk_model *model) {
    uint32_t count = tensor_count(model);
    uint64_t bytes = DK_POOL_BLOCK_BYTES((uint64_t)count * sizeof(void *));
    for (uint32_t i = 0; i < count; ++i) {
        bytes += DK_POOL_BLOCK_BYTES((uint64_t)tensor_info(model, i)->nbytes);
    }
    return bytes;
}

int dk_executor_create(dk_executor *executor, dk_pool *pool, const dk_model *model) {
    uint32_t count = tensor_count(model);
    int result = allocate_table(executor, pool, count);
    if (result != DK_OK) {
        return result;
    }
    for (uint32_t i = 0; i < count; ++i) {
        executor->buffers[i] =
            dk_pool_allocate(pool, tensor_info(model, i)->nbytes, DK_OWNER_EXECUTOR);
        if (executor->buffers[i] == NULL) {
            free_blocks(pool);
            return DK_ERROR_NO_MEMORY;
        }
    }
    executor->model = model;
    return DK_OK;
}

int dk_executor_create_in_arena(dk_executor *executor, dk_pool *pool, const dk_model *model) {
    if (model->map_io == NULL) {
        return dk_executor_create(executor, pool, model);
    }
    int result = allocate_table(executor, pool, tensor_count(model));
    if (result != DK_OK) {
        return result;
    }
    model->map_io(executor->buffers, executor->buffers + model->num_inputs);
    for (uint16_t i = 0; i < model->num_inputs; ++i) {
        memset(executor->buffers[i], 0, model->inputs[i].nbytes);
    }
    executor->model = model;
    return DK_OK;
}

void dk_executor_destroy(dk_executor *executor) {
    if (executor->model != NULL) {
        executor->model = NULL;
        free_blocks(executor->pool);
    }
}

void *dk_executor_input(const dk_executor *executor, uint16_t index) {
    return executor->buffers[index];
}

void *dk_executor_output(const dk_executor *executor, uint16_t index) {
    return executor->buffers[executor->model->num_inputs + index];
}

int32_t dk_executor_run(const dk_executor *executor) {
    return executor->model->run(executor->buffers, executor->buffers + executor->model->num_inputs);
}
