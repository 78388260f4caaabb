/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the model over microTVM's RPC wire. */
#include "device_kit/device_kit.h"
#include "model_memory.h"
#include "platform.h"
#include "sizes.h"
#include "wire.h"

static uint8_t packet_buffer[PACKET_BYTES];
static uint8_t pool[POOL_BYTES + SPARE_POOL_BYTES] __aligned(DK_ALIGNMENT);

int main(void) {
    static dk_server server;
    static const dk_config config = {
        &platform, &dk_system_model, packet_buffer, sizeof packet_buffer, pool, sizeof pool,
    };
    platform_init();
    int result = model_memory_init();
    if (result == 0) {
        result = dk_server_init(&server, &config);
    }
    /* After DK_SHUTDOWN too: a board waits for the next session. */
    while (result >= 0) {
        const uint8_t *data;
        size_t size = wire_receive(&data);
        result = dk_server_receive(&server, data, size);
        wire_release(size);
    }
    platform.fatal(NULL, result);
    return 0;
}
