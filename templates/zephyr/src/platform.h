/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that device_kit asks of a port, for any board of Zephyr. */
#ifndef PLATFORM_H_
#define PLATFORM_H_

#include "device_kit/platform.h"
#include "sizes.h"

/* Prepares the clock and the wire. Call it first. */
void platform_init(void);

extern const dk_platform platform;

#endif
