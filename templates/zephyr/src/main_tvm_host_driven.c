/* SPDX-License-Identifier: Apache-2.0 */
/* Serves a model made by TVM 0.8 to 0.18 with TVM's own RPC server. */
#include "platform.h"
#include "sizes.h"
#include "tvm_crt.h"
#include "wire.h"

static uint8_t memory[TVM_MEMORY_BYTES] __aligned(64);

int main(void) {
    platform_init();
    int result = dk_tvm_server_start(&platform, memory, sizeof memory);
    /* After DK_SHUTDOWN too: a board waits for the next session. */
    while (result >= 0) {
        const uint8_t *data;
        size_t size = wire_receive(&data);
        result = dk_tvm_server_receive(data, size);
        wire_release(size);
    }
    platform.fatal(NULL, result);
    return 0;
}
