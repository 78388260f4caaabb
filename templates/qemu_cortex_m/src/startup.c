/* SPDX-License-Identifier: Apache-2.0 */
/* What runs before newlib's start-up code, which clears .bss and calls main. */
#include <stddef.h>
#include <stdint.h>

#include "semihosting.h"

#define REGISTER(address)  (*(volatile uint32_t *)(uintptr_t)(address))
#define COPROCESSOR_ACCESS REGISTER(0xE000ED88)
#define CONFIGURATION      REGISTER(0xE000ED14)

enum { FPU_AND_MVE = 0xF << 20, LOW_OVERHEAD_LOOPS = 1 << 19 };

extern uint32_t __stack, data_start, data_end, data_load;
void _start(void);

void reset_handler(void);

void reset_handler(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    COPROCESSOR_ACCESS |= FPU_AND_MVE;
#endif
#if defined(__ARM_FEATURE_MVE)
    CONFIGURATION |= LOW_OVERHEAD_LOOPS;
#endif
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    /* After a reset the firmware starts from the same data as after power-on. */
    const uint32_t *source = &data_load;
    for (uint32_t *word = &data_start; word < &data_end; word++) {
        *word = *source++;
    }
    _start();
}

/* A fault ends the emulator: the host learns at once that its session has ended. */
static void fault(void) {
    semihosting_say("the processor took a fault\n");
    semihosting_exit(1);
}

typedef void (*handler)(void);

struct vectors {
    uint32_t *stack;
    handler handlers[15];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    &__stack,
    {reset_handler, fault, fault, fault, fault, fault, fault, NULL, NULL, NULL, fault, fault, NULL,
     fault, fault},
};
