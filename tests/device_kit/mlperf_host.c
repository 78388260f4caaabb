/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of MLPerf Tiny without board and model: as a program that answers its standard
 * input, and with -DFUZZ as a target for libFuzzer. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlperf_commands.h"

enum { INPUT_BYTES = 12 };

static uint8_t *input; /* on the heap, where the sanitizer sees its ends */
static mlperf_data data;
static unsigned inferences;
static unsigned timestamps;

const char th_name[] = "host";
const char th_model[] = "kws01";
const char th_timestamp_mode[] = "performance";

static unsigned ready;
static bool was_refused;

/* What the runner sees: lines of text, of which some are known. */
void th_printf(const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= 128) {
        abort(); /* the firmware's buffer for a line */
    }
    for (const char *c = line; *c != '\0'; c++) {
        if (!isprint((unsigned char)*c) && *c != '\r' && *c != '\n') {
            abort();
        }
    }
    ready += strstr(line, "m-ready\r\n") != NULL;
    was_refused |= strncmp(line, "e-[", 3) == 0;
#ifndef FUZZ
    fputs(line, stdout);
#endif
}

void th_timestamp_initialize(void) {
}

void th_timestamp(void) {
    timestamps++;
    th_printf("m-lap-us-%u\r\n", timestamps);
}

void th_load_tensor(void) {
    inferences = 0;
}

void th_infer(void) {
    inferences++;
}

/* The sum of the bytes, and how many runs there were. */
void th_results(void) {
    unsigned sum = 0;
    for (size_t i = 0; i < data.capacity; i++) {
        sum += data.bytes[i];
    }
    th_printf("m-results-[%u,%u]\r\n", sum, inferences);
}

static void start(void) {
    input = calloc(INPUT_BYTES, 1);
    if (input == NULL) {
        abort();
    }
    data.bytes = input;
    data.capacity = INPUT_BYTES;
    mlperf_start(&data);
}

#ifndef FUZZ
int main(void) {
    start();
    for (int c; (c = getchar()) != EOF;) {
        mlperf_take((char)c);
    }
    free(input);
    return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Long numbers would keep "infer" busy: none that starts so has more than three digits. */
static bool is_too_long_a_number(char c) {
    static char first;
    static unsigned digits;
    digits = isdigit((unsigned char)c) ? digits + 1 : 0;
    if (c == '%') {
        first = '\0';
    } else if (first == '\0' && c != ' ' && c != '\r' && c != '\n') {
        first = c;
    }
    return first == 'i' && digits > 3;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    ready = 0;
    start();
    unsigned commands = 1;
    for (size_t i = 0; i <= size; i++) {
        char c = i < size ? (char)bytes[i] : '%'; /* the next input starts afresh */
        if (is_too_long_a_number(c)) {
            continue;
        }
        uint8_t before[INPUT_BYTES];
        memcpy(before, input, sizeof before);
        mlperf_data earlier = data;
        was_refused = false;
        mlperf_take(c);
        commands += c == '%';
        bool is_changed = memcmp(before, input, sizeof before) != 0 ||
                          earlier.loaded != data.loaded || earlier.expected != data.expected;
        if (ready != commands || (was_refused && is_changed) || (c != '%' && is_changed) ||
            data.loaded > data.expected || data.expected > data.capacity) {
            abort();
        }
    }
    free(input);
    return 0;
}
#endif
