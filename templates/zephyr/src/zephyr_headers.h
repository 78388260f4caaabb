/* SPDX-License-Identifier: Apache-2.0 */
/* Zephyr's headers where its generation keeps them: below zephyr/ from 3.1 on, at the top before.
 */
#ifndef ZEPHYR_HEADERS_H_
#define ZEPHYR_HEADERS_H_

#if defined(__has_include) && __has_include(<zephyr/kernel.h>)
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/entropy.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/reboot.h>
#include <zephyr/sys/ring_buffer.h>
#include <zephyr/timing/timing.h>
#else
#include <device.h>
#include <devicetree.h>
#include <drivers/entropy.h>
#include <drivers/uart.h>
#include <kernel.h>
#include <sys/reboot.h>
#include <sys/ring_buffer.h>
#include <timing/timing.h>
#endif

#endif
