/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest firmware: a platform of empty functions and a model of one empty kernel. With
 * WITH_DEVICE_KIT it serves RPC; without, it calls the same functions itself. The difference
 * between the two is what device_kit costs. */
#include <stddef.h>
#include <stdint.h>

#include "device_kit/model.h"
#include "device_kit/platform.h"

/* Stands for a UART and a timer. */
static volatile uint8_t uart_data;
static volatile uint32_t timer_cycles;

static int stub_write(void *context, const uint8_t *data, size_t size) {
    (void)context;
    while (size-- > 0) {
        uart_data = *data++;
    }
    return 0;
}

static int stub_random(void *context, uint8_t *data, size_t size) {
    (void)context;
    while (size-- > 0) {
        *data++ = (uint8_t)timer_cycles;
    }
    return 0;
}

static uint64_t stub_time_ns(void *context) {
    (void)context;
    return timer_cycles;
}

static int stub_sleep_ms(void *context, uint32_t ms) {
    (void)context;
    timer_cycles = ms;
    return 0;
}

static int stub_reset(void *context) {
    (void)context;
    return -1;
}

static void stub_fatal(void *context, int error) {
    (void)context;
    for (;;) {
        timer_cycles = (uint32_t)error;
    }
}

static const dk_platform platform = {
    .write = stub_write,
    .random = stub_random,
    .time_ns = stub_time_ns,
    .sleep_ms = stub_sleep_ms,
    .reset = stub_reset,
    .fatal = stub_fatal,
};

static int32_t empty_kernel(void *const *inputs, void *const *outputs) {
    (void)inputs;
    (void)outputs;
    return 0;
}

static const int64_t shape[2] = {1, 16};
static const dk_tensor_info input = {"input", shape, 2, {2, 32, 1}, 64};
static const dk_tensor_info output = {"output", shape, 2, {2, 32, 1}, 64};

const dk_model dk_system_model = {
    .name = "default",
    .inputs = &input,
    .num_inputs = 1,
    .outputs = &output,
    .num_outputs = 1,
    .run = empty_kernel,
};

/* The buffers that a port chooses the size of; the same in both links. */
static uint8_t packet_buffer[1024];
static uint8_t pool[1024];

#ifdef WITH_DEVICE_KIT

#include "device_kit/server.h"

static dk_server server;

int main(void) {
    static const dk_config config = {
        .platform = &platform,
        .model = &dk_system_model,
        .packet_buffer = packet_buffer,
        .packet_buffer_size = sizeof packet_buffer,
        .pool = pool,
        .pool_size = sizeof pool,
    };
    int status = dk_server_init(&server, &config);
    while (status >= 0) {
        uint8_t byte = uart_data;
        status = dk_server_receive(&server, &byte, 1);
    }
    return status;
}

#else

int main(void) {
    const dk_platform *volatile used = &platform;
    const dk_model *volatile model = &dk_system_model;
    void *in = pool;
    void *out = packet_buffer;
    used->random(used->context, pool, sizeof pool);
    used->sleep_ms(used->context, (uint32_t)used->time_ns(used->context));
    int32_t status = model->run(&in, &out);
    used->write(used->context, packet_buffer, sizeof packet_buffer);
    if (used->reset(used->context) < 0) {
        used->fatal(used->context, status);
    }
    return status;
}

#endif
