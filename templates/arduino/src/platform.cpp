/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that device_kit asks of a port, for any Arduino. */
#include "platform.h"

#include <Arduino.h>

#include "device_kit/error.h"

void platform_init(unsigned long baudrate) {
    Serial.begin(baudrate);
    while (!Serial) { /* a board with USB of its own waits for its port to be opened */
    }
}

static int platform_write(void *context, const uint8_t *data, size_t size) {
    (void)context;
    return Serial.write(data, size) == size ? DK_OK : DK_ERROR_WRITE;
}

size_t platform_read(uint8_t *data, size_t capacity) {
    size_t size = 0;
    while (size < capacity && Serial.available() > 0) {
        data[size++] = (uint8_t)Serial.read();
    }
    return size;
}

/* The noise of a pin that nothing is connected to, and the time, stirred by a hash. It tells one
 * session from the next; it is no source for secrets. */
static int platform_random(void *context, uint8_t *data, size_t size) {
    static uint32_t state = 2166136261u;
    (void)context;
    for (size_t i = 0; i < size; i++) {
        for (int round = 0; round < 8; round++) {
            state = (state ^ (uint32_t)analogRead(A0) ^ micros()) * 16777619u;
        }
        data[i] = (uint8_t)(state >> 24);
    }
    return DK_OK;
}

/* micros() starts anew after 71 minutes; this does not, if it is asked once in that time. */
static uint64_t platform_time_ns(void *context) {
    static uint32_t last;
    static uint32_t turns;
    (void)context;
    uint32_t now = micros();
    turns += now < last;
    last = now;
    return (((uint64_t)turns << 32) + now) * 1000u;
}

static int platform_sleep_ms(void *context, uint32_t ms) {
    (void)context;
    delay(ms);
    return DK_OK;
}

/* The light blinks; only a reset helps. */
static void platform_fatal(void *context, int error) {
    (void)context;
    (void)error;
#ifdef LED_BUILTIN
    pinMode(LED_BUILTIN, OUTPUT);
#endif
    for (uint8_t light = 0;; light ^= 1) {
#ifdef LED_BUILTIN
        digitalWrite(LED_BUILTIN, light);
#endif
        delay(100);
    }
}

/* In the order of dk_platform; a board cannot reset itself everywhere in the same way. */
const dk_platform platform = {
    NULL, platform_write, platform_random, platform_time_ns, NULL, NULL, platform_sleep_ms,
    NULL, platform_fatal,
};
