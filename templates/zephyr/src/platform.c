/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that device_kit asks of a port, for any board of Zephyr. */
#if defined(CONFIG_ARCH_POSIX)
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* clock_gettime, of the host's libc */
#endif
#include <time.h>
#endif

#include "device_kit/error.h"
#include "platform.h"
#include "wire.h"
#include "zephyr_headers.h"

#define NS_PER_SEC 1000000000u

static int platform_write(void *context, const uint8_t *data, size_t size) {
    ARG_UNUSED(context);
    return wire_send(data, size) == 0 ? DK_OK : DK_ERROR_WRITE;
}

#if defined(CONFIG_ARCH_POSIX)
/* The emulation's clock stands still while code runs; the host's does not. */
static void start_clock(void) {
}

static uint64_t platform_time_ns(void *context) {
    ARG_UNUSED(context);
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}
#else
/* A counter of cycles: the kernel's, or where that is a slow one, as on a 32 kHz crystal, the
 * processor's own. Its 32 bits are extended by the kernel's uptime, which is coarse but long. */
#if defined(CONFIG_TIMING_FUNCTIONS)
static void start_clock(void) {
    timing_init();
    timing_start();
}
static uint32_t cycles(void) {
    return (uint32_t)timing_counter_get();
}
static uint64_t cycles_per_sec(void) {
    return timing_freq_get();
}
#else
static void start_clock(void) {
}
static uint32_t cycles(void) {
    return k_cycle_get_32();
}
static uint64_t cycles_per_sec(void) {
    return (uint64_t)sys_clock_hw_cycles_per_sec();
}
#endif

static uint64_t ticks_to_cycles(uint64_t ticks) {
    uint64_t per_sec = CONFIG_SYS_CLOCK_TICKS_PER_SEC;
    return ticks / per_sec * cycles_per_sec() + ticks % per_sec * cycles_per_sec() / per_sec;
}

static uint64_t platform_time_ns(void *context) {
    ARG_UNUSED(context);
    static uint64_t last_cycles;
    static int64_t last_ticks;
    int64_t ticks = k_uptime_ticks();
    uint32_t passed = cycles() - (uint32_t)last_cycles;
    uint64_t coarse = ticks_to_cycles((uint64_t)(ticks - last_ticks));
    /* How often the counter went round since the last call. */
    uint64_t rounds = coarse > passed ? (coarse - passed + (UINT32_MAX / 2)) >> 32 : 0;
    last_cycles += passed + (rounds << 32);
    last_ticks = ticks;
    uint64_t per_sec = cycles_per_sec();
    return last_cycles / per_sec * NS_PER_SEC + last_cycles % per_sec * NS_PER_SEC / per_sec;
}
#endif

static int platform_random(void *context, uint8_t *data, size_t size) {
    ARG_UNUSED(context);
#if defined(CONFIG_ENTROPY_HAS_DRIVER) && DT_HAS_CHOSEN(zephyr_entropy)
    const struct device *source = DEVICE_DT_GET(DT_CHOSEN(zephyr_entropy));
    while (size > 0) {
        uint16_t part = (uint16_t)MIN(size, (size_t)UINT16_MAX);
        if (entropy_get_entropy(source, data, part) != 0) {
            return DK_ERROR_RANDOM;
        }
        data += part;
        size -= part;
    }
#else
    /* A board without a source of entropy: when the host calls differs from boot to boot. */
    static uint32_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = (state ^ k_cycle_get_32()) * 2654435761u;
        state ^= state >> 15;
        data[i] = (uint8_t)(state >> 24);
    }
#endif
    return DK_OK;
}

static int platform_sleep_ms(void *context, uint32_t ms) {
    ARG_UNUSED(context);
    k_sleep(K_MSEC(ms));
    return DK_OK;
}

#if defined(CONFIG_REBOOT)
static int platform_reset(void *context) {
    ARG_UNUSED(context);
    k_sleep(K_MSEC(20)); /* what was sent leaves the UART */
    sys_reboot(SYS_REBOOT_COLD);
    return -1;
}
#endif

/* A board that cannot go on starts anew, which tells the host that its session has ended. */
static void platform_fatal(void *context, int error) {
    ARG_UNUSED(context);
    printk("device_kit: fatal error %d\n", error);
#if defined(CONFIG_REBOOT)
    sys_reboot(SYS_REBOOT_COLD);
#endif
    k_panic();
    for (;;) {
    }
}

void platform_init(void) {
    start_clock();
    wire_open();
}

const dk_platform platform = {
    .write = platform_write,
    .random = platform_random,
    .time_ns = platform_time_ns,
    .sleep_ms = platform_sleep_ms,
#if defined(CONFIG_REBOOT)
    .reset = platform_reset,
#endif
    .fatal = platform_fatal,
};
