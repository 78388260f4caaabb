/* SPDX-License-Identifier: Apache-2.0 */
/* Serves a model made by TVM 0.8 to 0.18 with TVM's own RPC server, until standard input ends. */
#include <stdio.h>
#include <stdlib.h>

#include "platform.h"
#include "tvm_crt.h"

enum { RECEIVE_BYTES = 64 * 1024 };

static _Alignas(64) uint8_t memory[TVM_WORKSPACE_BYTES];
static uint8_t received[RECEIVE_BYTES];

int main(int argc, char **argv) {
    (void)argc;
    platform_init(argv);
    int result = dk_tvm_server_start(&platform, memory, sizeof memory);
    for (;;) {
        if (result < 0) {
            (void)fprintf(stderr, "TVM's RPC server failed: error 0x%x\n", (unsigned)-result);
            return EXIT_FAILURE;
        }
        /* After DK_SHUTDOWN too: the next session may come over the same pipes. */
        size_t size = platform_read(received, sizeof received);
        if (size == 0) {
            return EXIT_SUCCESS;
        }
        result = dk_tvm_server_receive(received, size);
    }
}
