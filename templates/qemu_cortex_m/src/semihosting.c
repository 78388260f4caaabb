/* SPDX-License-Identifier: Apache-2.0 */
#include "semihosting.h"

#include <string.h>

enum { OPEN = 0x01, CLOSE = 0x02, WRITE = 0x05, READ = 0x06, EXIT_EXTENDED = 0x20 };
enum { APPLICATION_EXIT = 0x20026 };

static int call(int operation, const void *block) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static size_t transfer(int operation, int file, const void *data, size_t size) {
    struct {
        int file;
        const void *data;
        size_t size;
    } block = {file, data, size};
    int missing = call(operation, &block);
    return missing < 0 || (size_t)missing > size ? size : (size_t)missing;
}

int semihosting_open(const char *name, enum semihosting_mode mode) {
    struct {
        const char *name;
        int mode;
        size_t length;
    } block = {name, (int)mode, strlen(name)};
    return call(OPEN, &block);
}

void semihosting_close(int file) {
    (void)call(CLOSE, &file);
}

size_t semihosting_read(int file, uint8_t *data, size_t size) {
    return transfer(READ, file, data, size);
}

size_t semihosting_write(int file, const uint8_t *data, size_t size) {
    return transfer(WRITE, file, data, size);
}

void semihosting_say(const char *text) {
    int file = semihosting_open(":tt", APPEND);
    (void)semihosting_write(file, (const uint8_t *)text, strlen(text));
}

void semihosting_exit(int status) {
    const int block[2] = {APPLICATION_EXIT, status};
    for (;;) {
        (void)call(EXIT_EXTENDED, block);
    }
}
