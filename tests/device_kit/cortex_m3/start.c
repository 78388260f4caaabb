/* SPDX-License-Identifier: Apache-2.0 */
/* The vector table of a Cortex-M3 with newlib's semihosting start-up behind it. */
#include <stdint.h>

extern uint32_t stack_top;
void _start(void);

static void fault(void) {
    for (;;) {
    }
}

typedef void (*handler)(void);

struct vectors {
    uint32_t *stack;
    handler handlers[5];
};

const struct vectors vectors
    __attribute__((section(".vectors"), used)) = {&stack_top, {_start, fault, fault, fault, fault}};
