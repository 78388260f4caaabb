/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

/* From the top: 4 bits of kind, 20 of generation, 8 of index. Never 0, and never wider than 32
 * bits, since a client keeps a handle in one of its own pointers. */
enum { KIND_SHIFT = 28, GENERATION_SHIFT = 8, GENERATION_MASK = 0xfffff, INDEX_MASK = 0xff };

uint32_t dk_next_generation(dk_server *server) {
    server->generation = (server->generation + 1) & GENERATION_MASK;
    if (server->generation == 0) {
        server->generation = 1;
    }
    return server->generation;
}

/* The generation that handles of this kind have now; 0 when none of them can be used. */
static uint32_t generation_of(const dk_server *server, int kind) {
    switch (kind) {
    case DK_KIND_GLOBAL_FUNCTION:
    case DK_KIND_LIBRARY:
    case DK_KIND_LIBRARY_FUNCTION:
        return server->session_generation;
    case DK_KIND_EXECUTOR:
    case DK_KIND_EXECUTOR_FUNCTION:
    case DK_KIND_EXECUTOR_TENSOR:
        return server->executor_generation;
    case DK_KIND_TIME_EVALUATOR:
        return server->time_evaluator_generation;
    default:
        return 0;
    }
}

/* How many handles there are of this kind. */
static uint32_t count_of(const dk_server *server, int kind) {
    switch (kind) {
    case DK_KIND_GLOBAL_FUNCTION:
        return DK_GLOBAL_FUNCTIONS;
    case DK_KIND_EXECUTOR_FUNCTION:
        return DK_EXECUTOR_FUNCTIONS;
    case DK_KIND_EXECUTOR_TENSOR:
        return (uint32_t)server->config->model->num_inputs + server->config->model->num_outputs;
    default:
        return 1;
    }
}

uint32_t dk_handle(const dk_server *server, enum dk_handle_kind kind, uint32_t index) {
    return ((uint32_t)kind << KIND_SHIFT) | (generation_of(server, (int)kind) << GENERATION_SHIFT) |
           (index & INDEX_MASK);
}

static uint32_t generation_in(uint64_t handle) {
    return (uint32_t)(handle >> GENERATION_SHIFT) & GENERATION_MASK;
}

int dk_handle_decode(const dk_server *server, uint64_t handle, uint32_t *index) {
    int kind = handle <= UINT32_MAX ? (int)(handle >> KIND_SHIFT) : 0;
    uint32_t generation = generation_of(server, kind);
    *index = (uint32_t)handle & INDEX_MASK;
    if (generation == 0 || generation != generation_in(handle) ||
        *index >= count_of(server, kind)) {
        return 0;
    }
    return kind;
}

int dk_handle_kind_in_session(const dk_server *server, uint64_t handle) {
    int kind = handle <= UINT32_MAX ? (int)(handle >> KIND_SHIFT) : 0;
    uint32_t first = server->session_generation;
    uint32_t age = (generation_in(handle) - first) & GENERATION_MASK;
    if (kind < DK_KIND_GLOBAL_FUNCTION || kind > DK_KIND_TIME_EVALUATOR ||
        age > ((server->generation - first) & GENERATION_MASK)) {
        return 0;
    }
    return kind;
}
