/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that device_kit asks of a port, for POSIX. */
#define _POSIX_C_SOURCE 200809L

#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device_kit/error.h"

enum { OUTPUT_BYTES = 64 * 1024 };

static int wire = STDOUT_FILENO;
static char **arguments;
static uint8_t output[OUTPUT_BYTES];
static size_t output_size;

void platform_init(char **argv) {
    arguments = argv;
    wire = dup(STDOUT_FILENO);
    if (wire < 0 || fcntl(wire, F_SETFD, FD_CLOEXEC) < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        perror("standard output");
        exit(EXIT_FAILURE);
    }
}

static int send_all(const uint8_t *data, size_t size) {
    while (size > 0) {
        ssize_t sent = write(wire, data, size);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return DK_ERROR_WRITE;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return DK_OK;
}

static int flush(void) {
    int result = send_all(output, output_size);
    output_size = 0;
    return result;
}

/* Answers consist of many small pieces; they are collected until the firmware waits for input. */
static int platform_write(void *context, const uint8_t *data, size_t size) {
    (void)context;
    if (size > OUTPUT_BYTES - output_size) {
        int result = flush();
        if (result != DK_OK) {
            return result;
        }
    }
    if (size > OUTPUT_BYTES) {
        return send_all(data, size);
    }
    memcpy(output + output_size, data, size);
    output_size += size;
    return DK_OK;
}

size_t platform_read(uint8_t *data, size_t capacity) {
    if (flush() != DK_OK) {
        return 0;
    }
    for (;;) {
        ssize_t received = read(STDIN_FILENO, data, capacity);
        if (received >= 0) {
            return (size_t)received;
        }
        if (errno != EINTR) {
            return 0;
        }
    }
}

static int platform_random(void *context, uint8_t *data, size_t size) {
    (void)context;
    FILE *source = fopen("/dev/urandom", "rb");
    if (source == NULL) {
        return DK_ERROR_RANDOM;
    }
    size_t taken = fread(data, 1, size, source);
    (void)fclose(source);
    return taken == size ? DK_OK : DK_ERROR_RANDOM;
}

static uint64_t platform_time_ns(void *context) {
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A desktop has no clock to lock and no pin to raise; a port to a board does that here. */
static int platform_before_measurement(void *context) {
    (void)context;
    return DK_OK;
}

static int platform_after_measurement(void *context) {
    (void)context;
    return DK_OK;
}

static int platform_sleep_ms(void *context, uint32_t ms) {
    (void)context;
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return DK_OK;
}

static int platform_reset(void *context) {
    (void)context;
    (void)flush();
    if (dup2(wire, STDOUT_FILENO) >= 0) {
        (void)execv(arguments[0], arguments);
    }
    return -1;
}

static void platform_fatal(void *context, int error) {
    (void)context;
    (void)flush();
    (void)fprintf(stderr, "device_kit: fatal error %d\n", error);
    abort();
}

const dk_platform platform = {
    .write = platform_write,
    .random = platform_random,
    .time_ns = platform_time_ns,
    .before_measurement = platform_before_measurement,
    .after_measurement = platform_after_measurement,
    .sleep_ms = platform_sleep_ms,
    .reset = platform_reset,
    .fatal = platform_fatal,
};
