/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that device_kit asks of a port. Bytes go through semihosting: an emulated UART
 * hands over one each time the emulator's main loop comes round, these calls take blocks. */
#include "platform.h"

#include "device_kit/error.h"
#include "semihosting.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define RESET_CONTROL     REGISTER(0xE000ED0C)

enum { RESET_REQUEST = 0x05FA0004 };
enum { CLOCK_1HZ = 0x10 / 4, COUNTER = 0x18 / 4 }; /* of the board's FPGAIO */

extern volatile uint32_t fpgaio[]; /* its place is in the board's linker script */

static int from_host = -1;
static int to_host = -1;

void platform_init(char **argv) {
    (void)argv;
    from_host = semihosting_open(":tt", READ_BINARY);
    to_host = semihosting_open(":tt", WRITE_BINARY);
}

size_t platform_read(uint8_t *data, size_t capacity) {
    return capacity - semihosting_read(from_host, data, capacity);
}

static int platform_write(void *context, const uint8_t *data, size_t size) {
    (void)context;
    return semihosting_write(to_host, data, size) == 0 ? DK_OK : DK_ERROR_WRITE;
}

/* This machine's source of randomness; semihosting opens its files. */
static int platform_random(void *context, uint8_t *data, size_t size) {
    (void)context;
    int source = semihosting_open("/dev/urandom", READ_BINARY);
    if (source < 0) {
        return DK_ERROR_RANDOM;
    }
    size_t missing = semihosting_read(source, data, size);
    semihosting_close(source);
    return missing == 0 ? DK_OK : DK_ERROR_RANDOM;
}

/* Counts instructions, one for each nanosecond of the runtime. With -icount shift=N the emulator's
 * time passes by 2^N ns for each, which is several ticks of the board's counter: what passed
 * between two readings is a whole number of instructions to less than a tick. The counter goes
 * round every few minutes; the one of seconds says how often. */
static uint64_t platform_time_ns(void *context) {
    (void)context;
    static uint64_t instructions;
    static uint32_t last_ticks, last_seconds;
    uint32_t ticks = fpgaio[COUNTER];
    uint32_t seconds = fpgaio[CLOCK_1HZ];
    uint32_t passed = ticks - last_ticks;
    uint64_t coarse = (uint64_t)(seconds - last_seconds) * (1000000000u / NS_PER_TICK);
    uint64_t rounds = coarse > passed ? (coarse - passed + UINT32_MAX / 2) >> 32 : 0;
    uint64_t ns = (passed + (rounds << 32)) * NS_PER_TICK;
    instructions += (ns + NS_PER_INSTRUCTION / 2) / NS_PER_INSTRUCTION;
    last_ticks = ticks;
    last_seconds = seconds;
    return instructions;
}

static _Noreturn void restart(void) {
    RESET_CONTROL = RESET_REQUEST;
    for (;;) {
    }
}

static int platform_reset(void *context) {
    (void)context;
    restart();
}

static void platform_fatal(void *context, int error) {
    (void)context;
    (void)error;
    semihosting_say("device_kit: a fatal error\n");
    semihosting_exit(1);
}

const dk_platform platform = {
    .write = platform_write,
    .random = platform_random,
    .time_ns = platform_time_ns,
    .reset = platform_reset,
    .fatal = platform_fatal,
};
