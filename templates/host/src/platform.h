/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of device_kit: bytes on standard input and output. */
#ifndef PLATFORM_H_
#define PLATFORM_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/platform.h"

/* Takes standard output for the wire, so that nothing a model prints gets into it (that goes to
 * standard error), and remembers how to restart. Call it first. */
void platform_init(char **argv);

extern const dk_platform platform;

/* Waits for bytes from the host, after all that was written has been sent. Returns their number;
 * 0 when the host has gone. */
size_t platform_read(uint8_t *data, size_t capacity);

#endif
