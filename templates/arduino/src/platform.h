/* SPDX-License-Identifier: Apache-2.0 */
/* Arduino's side of device_kit: bytes on Serial. */
#ifndef PLATFORM_H_
#define PLATFORM_H_

#include <stddef.h>
#include <stdint.h>

#include "definitions.h"
#include "device_kit/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Starts Serial. Call it first. */
void platform_init(unsigned long baudrate);

extern const dk_platform platform;

/* Takes the bytes that have come from the host, without waiting; returns their number. */
size_t platform_read(uint8_t *data, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
