/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions that stay on, whatever NDEBUG says. */
#ifndef TESTS_DEVICE_KIT_CHECK_H_
#define TESTS_DEVICE_KIT_CHECK_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition);           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_BYTES(actual, expected, size) CHECK(memcmp((actual), (expected), (size)) == 0)

#endif
