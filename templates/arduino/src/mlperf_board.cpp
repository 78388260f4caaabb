/* SPDX-License-Identifier: Apache-2.0 */
/* What device_kit/mlperf/ asks of a board: lines on Serial, and in energy mode a pin that goes low
 * for a microsecond and high again, as the energy monitor of EEMBC's runner sees it. The pin is D7,
 * as on the benchmark's reference board, or -DTIMESTAMP_PIN=N of the compile_definitions. */
#include <Arduino.h>
#include <stdarg.h>
#include <stdio.h>

#include "mlperf_model.h"
#include "platform.h"

enum { LINE_BYTES = 128, DECIMALS = 3, HELD_US = 1 };

const char th_name[] = "microTVM";

#ifdef __AVR__
#define PRINT    th_printf_P
#define VSNPRINT vsnprintf_P
#else
#define PRINT    th_printf
#define VSNPRINT vsnprintf
#endif

void PRINT(const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)VSNPRINT(line, sizeof line, format, arguments);
    va_end(arguments);
    Serial.print(line);
}

void th_print_value(float value) {
    Serial.print(value, DECIMALS);
}

#if EE_CFG_ENERGY_MODE
#ifndef TIMESTAMP_PIN
#define TIMESTAMP_PIN 7
#endif

const char th_timestamp_mode[] = "energy";

void th_timestamp_initialize(void) {
    digitalWrite(TIMESTAMP_PIN, HIGH);
    pinMode(TIMESTAMP_PIN, OUTPUT);
}

void th_timestamp(void) {
    digitalWrite(TIMESTAMP_PIN, LOW);
    delayMicroseconds(HELD_US);
    digitalWrite(TIMESTAMP_PIN, HIGH);
}
#endif
