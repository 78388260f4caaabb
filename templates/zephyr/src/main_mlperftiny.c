/* SPDX-License-Identifier: Apache-2.0 */
/* Answers EEMBC's runner, which measures MLPerf Tiny; device_kit/mlperf/ says how. In energy mode
 * mlperf_energy.c moves a pin. */
#include <stdarg.h>

#include "device_kit/device_kit.h"
#include "mlperf_model.h"
#include "model_memory.h"
#include "platform.h"
#include "sizes.h"
#include "wire.h"

#define LINE_BYTES 128

const char th_name[] = "microTVM";

static uint8_t memory[POOL_BYTES] __aligned(DK_ALIGNMENT);
static mlperf_data data;

void th_printf(const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintk(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)wire_send((const uint8_t *)line, MIN((size_t)MAX(size, 0), sizeof line - 1));
}

void th_print_value(float value) {
    th_printf("%.3f", (double)value);
}

int main(void) {
    platform_init();
    int result = model_memory_init();
    if (result != 0) {
        th_printf("e-[TVM's C runtime does not start: error %d]\r\n", result);
        return 0;
    }
    if (!mlperf_model_start(memory, sizeof memory, &data)) {
        return 0;
    }
    for (;;) {
        const uint8_t *bytes;
        size_t size = wire_receive(&bytes);
        for (size_t i = 0; i < size; i++) {
            mlperf_take((char)bytes[i]);
        }
        wire_release(size);
    }
}
