/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to the emulator, after Arm's "Semihosting for AArch32 and AArch64". */
#ifndef SEMIHOSTING_H_
#define SEMIHOSTING_H_

#include <stddef.h>
#include <stdint.h>

enum semihosting_mode { READ_BINARY = 1, WRITE_BINARY = 5, APPEND = 8 };

/* A file of this machine, or with the name ":tt" standard input, output or (APPEND) error; negative
 * when it cannot be opened. */
int semihosting_open(const char *name, enum semihosting_mode mode);
void semihosting_close(int file);

/* Both return the number of bytes that were not read or written. */
size_t semihosting_read(int file, uint8_t *data, size_t size);
size_t semihosting_write(int file, const uint8_t *data, size_t size);

/* To standard error. */
void semihosting_say(const char *text);

/* Ends the emulator. */
_Noreturn void semihosting_exit(int status);

#endif
