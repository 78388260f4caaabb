/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes to and from the host. One of three files implements this; CMakeLists.txt says which:
 *
 *     wire_interrupts.c  the console's UART, receiving by interrupts: real boards
 *     wire_polled.c      the console's UART where it has no interrupts
 *     wire_semihosting.c calls that an emulator answers, in blocks instead of bytes
 */
#ifndef WIRE_H_
#define WIRE_H_

#include <stddef.h>
#include <stdint.h>

void wire_open(void);

/* Waits for bytes from the host. Returns their number, at least 1, and where they are; they stay
 * there until wire_release takes them away. */
size_t wire_receive(const uint8_t **data);
void wire_release(size_t size);

/* Sends all of `data`; 0, or negative. */
int wire_send(const uint8_t *data, size_t size);

#endif
