/* SPDX-License-Identifier: Apache-2.0 */
/* Serves a model made by TVM 0.8 to 0.18 with TVM's own RPC server on Serial. */
#include <microtvm.h>

#include "sizes.h"
#include "tvm_memory.h"

static int result;

void setup() {
    platform_init(BAUDRATE);
    result = dk_tvm_server_start(&platform, tvm_memory, sizeof tvm_memory);
}

/* After a session's end too: a board waits for the next one. */
void loop() {
    static uint8_t received[64];
    if (result < 0) {
        platform.fatal(NULL, result);
    }
    size_t size = platform_read(received, sizeof received);
    if (size > 0) {
        result = dk_tvm_server_receive(received, size);
    }
}
