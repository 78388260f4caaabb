/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the model over microTVM's RPC wire on Serial. */
#include <microtvm.h>

#include "sizes.h"
#include "tvm_memory.h"

static uint8_t packet_buffer[PACKET_BYTES];
static uint8_t pool[POOL_BYTES];
static dk_server server;
static dk_config config;

void setup() {
    platform_init(BAUDRATE);
    config.platform = &platform;
    config.model = &dk_system_model;
    config.packet_buffer = packet_buffer;
    config.packet_buffer_size = sizeof packet_buffer;
    config.pool = pool;
    config.pool_size = sizeof pool;
    int result = tvm_memory_init();
    if (result == 0) {
        result = dk_server_init(&server, &config);
    }
    if (result < 0) {
        platform.fatal(NULL, result);
    }
}

void loop() {
    static uint8_t received[32];
    size_t size = platform_read(received, sizeof received);
    if (size > 0 && dk_server_receive(&server, received, size) < 0) {
        platform.fatal(NULL, DK_ERROR_WRITE);
    }
}
