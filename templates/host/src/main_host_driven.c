/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the model over microTVM's RPC wire until standard input ends. */
#include <stdio.h>
#include <stdlib.h>

#include "device_kit/device_kit.h"
#include "model_memory.h"
#include "platform.h"

static uint8_t packet_buffer[PACKET_BYTES];
static uint8_t pool[POOL_BYTES];
static uint8_t received[PACKET_BYTES];

int main(int argc, char **argv) {
    (void)argc;
    static dk_server server;
    static const dk_config config = {
        &platform, &dk_system_model, packet_buffer, sizeof packet_buffer, pool, sizeof pool,
    };
    platform_init(argv);
    int result = model_memory_init();
    if (result == DK_OK) {
        result = dk_server_init(&server, &config);
    }
    for (;;) {
        if (result < 0) {
            (void)fprintf(stderr, "the RPC server failed: error %d\n", result);
            return EXIT_FAILURE;
        }
        /* After DK_SHUTDOWN too: the next session may come over the same pipes. */
        size_t size = platform_read(received, sizeof received);
        if (size == 0) {
            return EXIT_SUCCESS;
        }
        result = dk_server_receive(&server, received, size);
    }
}
