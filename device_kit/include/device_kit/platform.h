/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that a port supplies. Each gets `context` as given; "optional" ones may be NULL. */
#ifndef DEVICE_KIT_PLATFORM_H_
#define DEVICE_KIT_PLATFORM_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dk_platform {
    void *context;

    /* Sends all `size` bytes to the host; 0, or negative when that failed. Must not call back into
     * device_kit. Small messages come in one call, long ones in pieces of DK_STAGING_BYTES. */
    int (*write)(void *context, const uint8_t *data, size_t size);

    /* Fills `data` with numbers that differ from boot to boot; 0 or negative. */
    int (*random)(void *context, uint8_t *data, size_t size);

    /* A monotonic clock in nanoseconds. */
    uint64_t (*time_ns)(void *context);

    /* Optional: called around each timed batch of calls, outside of the measured time (to lock a
     * clock frequency, say, or to raise a pin for a power meter); 0 or negative. */
    int (*before_measurement)(void *context);
    int (*after_measurement)(void *context);

    /* Optional: waits, to let the chip cool down between measurements; 0 or negative. */
    int (*sleep_ms)(void *context, uint32_t ms);

    /* Optional: restarts the firmware. Does not return, or returns negative when it cannot. */
    int (*reset)(void *context);

    /* Called when execution cannot go on (`error` is a dk_result); does not return. */
    void (*fatal)(void *context, int error);
} dk_platform;

#ifdef __cplusplus
}
#endif

#endif
