/* SPDX-License-Identifier: Apache-2.0 */
/* Answers the runner of MLPerf Tiny on Serial. */
#include <microtvm.h>
#include <mlperf/mlperf_model.h>

#include "sizes.h"
#include "tvm_memory.h"

static uint8_t memory[POOL_BYTES];
static mlperf_data data;
static bool is_ready;

void setup() {
    platform_init(BAUDRATE);
    is_ready = tvm_memory_init() == 0 && mlperf_model_start(memory, sizeof memory, &data);
}

void loop() {
    uint8_t byte;
    if (is_ready && platform_read(&byte, 1) == 1) {
        mlperf_take((char)byte);
    }
}
