/* SPDX-License-Identifier: Apache-2.0 */
/* For sketches that run on QEMU's netduinoplus2: what its STM32F405 lacks, and how fast a wire is.
 *
 * QEMU 7.2 has none of that chip's clocks, no interrupt of a UART whose transmitter is empty, and
 * hands over bytes as fast as they are read: a core's buffer of 64 bytes overflows, as it would on
 * no wire. Here a byte comes and a byte goes with each tick of the system's timer. The core takes
 * it for 1 ms; as the clock is 168 MHz and not the 16 MHz that a chip starts with, it is 95 us,
 * about as long as a byte takes at 115200 baud. */
#include <Arduino.h>

#include "stm32_def.h"

void SystemClock_Config(void) {
}

/* Releases of the core differ in whether there is one for boards that have nothing to do in it. */
__attribute__((weak)) void initVariant(void) {
}

void USART3_IRQHandler(void);

/* The core calls it with each tick. */
void osSystickHandler(void) {
    NVIC_DisableIRQ(USART3_IRQn);
    if (USART3->SR & USART_SR_RXNE) {
        USART3_IRQHandler();
    }
    if (USART3->CR1 & (USART_CR1_TXEIE | USART_CR1_TCIE)) {
        USART3_IRQHandler();
    }
}
