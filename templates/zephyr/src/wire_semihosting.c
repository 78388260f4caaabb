/* SPDX-License-Identifier: Apache-2.0 */
/* Semihosting's console. An emulated UART hands over one byte, or a FIFO of sixteen, each time the
 * emulator's main loop comes round; these calls take and give blocks. */
#include <zephyr/arch/common/semihost.h>

#include "sizes.h"
#include "wire.h"
#include "zephyr_headers.h"

#define CONSOLE ":tt" /* the name that semihosting gives it */

static long from_host;
static long to_host;
static uint8_t received[PACKET_BYTES];

void wire_open(void) {
    from_host = semihost_open(CONSOLE, SEMIHOST_OPEN_RB);
    to_host = semihost_open(CONSOLE, SEMIHOST_OPEN_WB);
}

/* Not Zephyr's semihost_read, which returns the bytes that did not come. */
size_t wire_receive(const uint8_t **data) {
    struct {
        long file;
        void *buffer;
        long size;
    } call = {from_host, received, sizeof received};
    long missing;
    while ((missing = semihost_exec(SEMIHOST_READ, &call)) < 0 || missing >= call.size) {
        k_sleep(K_MSEC(1)); /* the host has gone; the emulator is about to be ended */
    }
    *data = received;
    return (size_t)(call.size - missing);
}

void wire_release(size_t size) {
    ARG_UNUSED(size);
}

int wire_send(const uint8_t *data, size_t size) {
    return (int)semihost_write(to_host, data, (long)size);
}
