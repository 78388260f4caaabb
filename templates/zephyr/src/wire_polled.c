/* SPDX-License-Identifier: Apache-2.0 */
/* The UART that the devicetree chose for the console, asked again and again. Boards emulated on the
 * host have it so: their stand-in for interrupts looks at the wire once in ten milliseconds. */
#include "sizes.h"
#include "wire.h"
#include "zephyr_headers.h"

static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));
static uint8_t received[PACKET_BYTES];

void wire_open(void) {
}

size_t wire_receive(const uint8_t **data) {
    size_t size = 0;
    for (;;) {
        while (size < sizeof received && uart_poll_in(uart, &received[size]) == 0) {
            size++;
        }
        if (size > 0) {
            *data = received;
            return size;
        }
        k_sleep(K_TICKS(1));
    }
}

void wire_release(size_t size) {
    ARG_UNUSED(size);
}

int wire_send(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uart_poll_out(uart, data[i]);
    }
    return 0;
}
