/* SPDX-License-Identifier: Apache-2.0 */
/* The UART that the devicetree chose for the console. Interrupts put what comes into a ring buffer,
 * which the main thread reads in place. */
#include "sizes.h"
#include "wire.h"
#include "zephyr_headers.h"

static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(zephyr_console));
static K_SEM_DEFINE(arrived, 0, 1);
/* As large as a packet: the host awaits an answer to each, so no more is ever under way. */
RING_BUF_DECLARE(received, PACKET_BYTES);

static void on_interrupt(const struct device *device, void *user_data) {
    ARG_UNUSED(user_data);
    int taken = 1;
    while (taken > 0 && uart_irq_update(device) && uart_irq_rx_ready(device)) {
        uint8_t nowhere[16];
        uint8_t *space;
        uint32_t size = ring_buf_put_claim(&received, &space, PACKET_BYTES);
        if (size > 0) {
            taken = uart_fifo_read(device, space, (int)size);
            (void)ring_buf_put_finish(&received, taken > 0 ? (uint32_t)taken : 0);
        } else {
            /* Noise: no host sends that much unasked. Left there, it would interrupt for ever. */
            taken = uart_fifo_read(device, nowhere, sizeof nowhere);
        }
    }
    k_sem_give(&arrived);
}

void wire_open(void) {
    uart_irq_callback_set(uart, on_interrupt);
    uart_irq_rx_enable(uart);
    /* A byte that came before is still there, and some UARTs interrupt for later ones only. */
    unsigned char early;
    while (uart_poll_in(uart, &early) == 0) {
    }
}

size_t wire_receive(const uint8_t **data) {
    uint8_t *start;
    uint32_t size;
    while ((size = ring_buf_get_claim(&received, &start, PACKET_BYTES)) == 0) {
        (void)k_sem_take(&arrived, K_FOREVER);
    }
    *data = start;
    return size;
}

void wire_release(size_t size) {
    (void)ring_buf_get_finish(&received, (uint32_t)size);
}

int wire_send(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uart_poll_out(uart, data[i]);
    }
    return 0;
}
