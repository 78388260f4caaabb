/* SPDX-License-Identifier: Apache-2.0 */
/* Answers EEMBC's runner, which measures MLPerf Tiny: commands of text that end with '%', answers
 * of lines, "m-ready" after each. The commands and answers are those of the public description in
 * mlcommons/tiny (benchmark/api); the functions that it asks of a submitter are named th_ there and
 * here. compile_definitions, as TVM 0.18's template had them, say which benchmark it is:
 *
 *     -DTARGET_MODEL=N                            1 kws, 2 vww, 3 ad, 4 ic
 *     -DTH_MODEL_VERSION=EE_MODEL_VERSION_KWS01   its name
 *     -DOUT_QUANT_SCALE=0.00390625 -DOUT_QUANT_ZERO=-128   what an int8 output means
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "device_kit/device_kit.h"
#include "model_memory.h"
#include "platform.h"
#include "sizes.h"
#include "wire.h"

#define EE_MODEL_VERSION_KWS01 "kws01"
#define EE_MODEL_VERSION_VWW01 "vww01"
#define EE_MODEL_VERSION_AD01  "ad01"
#define EE_MODEL_VERSION_IC01  "ic01"
#define MODEL_VWW              2
#define MODEL_AD               3
#define MODEL_IC               4

#ifndef TARGET_MODEL
#define TARGET_MODEL 0
#endif
#ifndef TH_MODEL_VERSION
#define TH_MODEL_VERSION "unnamed"
#endif
#ifndef OUT_QUANT_SCALE
#define OUT_QUANT_SCALE 1.0f
#endif
#ifndef OUT_QUANT_ZERO
#define OUT_QUANT_ZERO 0
#endif

#define FIRMWARE_VERSION "ULPMark for tinyML Firmware V0.0.1"
#define COMMAND_BYTES    256
#define LINE_BYTES       128
#define PRINTED_PER_LINE 8
#define DTYPE_FLOAT      2

static uint8_t memory[POOL_BYTES] __aligned(DK_ALIGNMENT);
static dk_pool pool;
static dk_executor executor;
static uint8_t *data_buffer; /* what "db" loads */
static size_t data_size;
static size_t data_position;

static void th_printf(const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintk(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)wire_send((const uint8_t *)line, MIN((size_t)size, sizeof line - 1));
}

static size_t input_bytes(void) {
    return executor.model->inputs[0].nbytes;
}

static void th_timestamp(void) {
    th_printf("m-lap-us-%lu\r\n", (unsigned long)(platform.time_ns(NULL) / 1000));
}

/* Images come as unsigned bytes; the models take signed ones. */
static void th_load_tensor(void) {
    uint8_t *input = dk_executor_input(&executor, 0);
    memcpy(input, data_buffer, input_bytes());
    if (TARGET_MODEL == MODEL_VWW || TARGET_MODEL == MODEL_IC) {
        for (size_t i = 0; i < input_bytes(); i++) {
            input[i] ^= 0x80;
        }
    }
}

static void th_infer(void) {
    int32_t result = dk_executor_run(&executor);
    if (result != 0) {
        th_printf("e-[The model failed: error %d]\r\n", (int)result);
    }
}

static float output_value(size_t index) {
    const uint8_t *output = dk_executor_output(&executor, 0);
    if (executor.model->outputs[0].dtype.code == DTYPE_FLOAT) {
        float value;
        memcpy(&value, output + index * sizeof value, sizeof value);
        return value;
    }
    return (float)OUT_QUANT_SCALE * (float)((int8_t)output[index] - (OUT_QUANT_ZERO));
}

/* How far an autoencoder's output is from its input: the mean of the squares. */
static float anomaly(size_t count) {
    const float *input = dk_executor_input(&executor, 0);
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        float difference = output_value(i) - input[i];
        sum += difference * difference;
    }
    return sum / (float)count;
}

static void th_results(void) {
    const dk_tensor_info *output = &executor.model->outputs[0];
    size_t count = output->nbytes / (((size_t)output->dtype.bits + 7) / 8);
    th_printf("m-results-[");
    if (TARGET_MODEL == MODEL_AD) {
        th_printf("%.3f", (double)anomaly(count));
    } else {
        for (size_t i = 0; i < count; i++) {
            th_printf(i == 0 ? "%.3f" : ",%.3f", (double)output_value(i));
        }
    }
    th_printf("]\r\n");
}

static void infer(const char *number, const char *warmup_number) {
    int count = number != NULL ? atoi(number) : 1;
    int warmup = warmup_number != NULL ? atoi(warmup_number) : 10;
    if (count <= 0) {
        th_printf("e-[Inference iterations must be >0]\r\n");
        return;
    }
    if (warmup < 0) {
        th_printf("e-[Inference warmup must be >=0]\r\n");
        return;
    }
    th_load_tensor();
    th_printf("m-warmup-start-%d\r\n", warmup);
    for (int i = 0; i < warmup; i++) {
        th_infer();
    }
    th_printf("m-warmup-done\r\nm-infer-start-%d\r\n", count);
    th_timestamp();
    for (int i = 0; i < count; i++) {
        th_infer();
    }
    th_timestamp();
    th_printf("m-infer-done\r\n");
    th_results();
}

static void load(const char *number) {
    int size = number != NULL ? atoi(number) : 0;
    data_position = 0;
    data_size = 0;
    if (number == NULL) {
        th_printf("e-[Command 'db load' requires the # of bytes]\r\n");
    } else if (size <= 0) {
        th_printf("e-[Command 'db load' must be >0 bytes]\r\n");
    } else if ((size_t)size > input_bytes()) {
        th_printf("e-[The model takes %u bytes, not %d]\r\n", (unsigned)input_bytes(), size);
    } else {
        data_size = (size_t)size;
        th_printf("m-[Expecting %d bytes]\r\n", size);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void load_bytes(const char *digits) {
    size_t size = strlen(digits);
    if (size % 2 != 0) {
        th_printf("e-[Insufficent number of hex digits]\r\n");
        return;
    }
    for (size_t i = 0; i < size && data_position < data_size; i += 2) {
        int high = hex_digit(digits[i]);
        int low = hex_digit(digits[i + 1]);
        if (high < 0 || low < 0) {
            th_printf("e-[Invalid hex digit '%c%c']\r\n", digits[i], digits[i + 1]);
            return;
        }
        data_buffer[data_position++] = (uint8_t)(high * 16 + low);
        if (data_position == data_size) {
            th_printf("m-load-done\r\n");
        }
    }
}

static void print(const char *number, const char *offset_number) {
    size_t offset = offset_number != NULL ? (size_t)atoi(offset_number) : 0;
    size_t count = number != NULL ? (size_t)atoi(number) : data_size;
    offset = MIN(offset, data_size);
    size_t end = offset + MIN(count, data_size - offset);
    for (size_t i = offset; i < end; i++) {
        bool first = (i - offset) % PRINTED_PER_LINE == 0;
        bool last = i + 1 == end || (i + 1 - offset) % PRINTED_PER_LINE == 0;
        th_printf("%s%02x%s", first ? "m-buffer-" : "-", data_buffer[i], last ? "\r\n" : "");
    }
}

static void help(void) {
    th_printf(FIRMWARE_VERSION "\r\n\r\n");
    th_printf("help         : Print this information\r\n");
    th_printf("name         : Print the name of the device\r\n");
    th_printf("timestamp    : Generate a timestamp\r\n");
    th_printf("profile      : Print the firmware and the model\r\n");
    th_printf("db load N    : Expect N bytes\r\n");
    th_printf("db HH[HH]*   : Load bytes, in hexadecimal, until there are N\r\n");
    th_printf("db print [N] [OFFSET] : Print bytes that were loaded\r\n");
    th_printf("infer N [W]  : Run W (10) times, then N times with a timestamp around\r\n");
    th_printf("results      : Print the last output\r\n");
}

static void obey(char *command) {
    char *rest;
    char *word = strtok_r(command, " \r\n", &rest);
    char *first = word != NULL ? strtok_r(NULL, " \r\n", &rest) : NULL;
    char *second = first != NULL ? strtok_r(NULL, " \r\n", &rest) : NULL;
    char *third = second != NULL ? strtok_r(NULL, " \r\n", &rest) : NULL;
    if (word == NULL) {
        th_printf("e-[Empty command]\r\n");
    } else if (strcmp(word, "name") == 0) {
        th_printf("m-name-dut-[microTVM]\r\n");
    } else if (strcmp(word, "timestamp") == 0) {
        th_timestamp();
    } else if (strcmp(word, "profile") == 0) {
        th_printf("m-profile-[" FIRMWARE_VERSION "]\r\nm-model-[%s]\r\n", TH_MODEL_VERSION);
    } else if (strcmp(word, "help") == 0) {
        help();
    } else if (strcmp(word, "infer") == 0) {
        infer(first, second);
    } else if (strcmp(word, "results") == 0) {
        th_results();
    } else if (strcmp(word, "db") != 0) {
        th_printf("e-[Unknown command: %.64s]\r\n", word);
    } else if (first == NULL) {
        th_printf("e-[Command 'db' requires a subcommand]\r\n");
    } else if (strcmp(first, "load") == 0) {
        load(second);
    } else if (strcmp(first, "print") == 0) {
        print(second, third);
    } else {
        load_bytes(first);
    }
    th_printf("m-ready\r\n");
}

static void take(char c) {
    static char command[COMMAND_BYTES];
    static size_t size;
    if (c != '%') {
        /* Too long a command is cut, and refused for what is left of it. */
        size = MIN(size, sizeof command - 2);
        command[size++] = c;
        return;
    }
    command[size] = '\0';
    size = 0;
    obey(command);
}

int main(void) {
    platform_init();
    int result = model_memory_init();
    if (result == 0) {
        result = dk_pool_init(&pool, &platform, memory, sizeof memory);
    }
    if (result == 0) {
        result = dk_executor_create(&executor, &pool, &dk_system_model);
    }
    data_buffer = dk_pool_allocate(&pool, dk_system_model.inputs[0].nbytes, DK_OWNER_RUNTIME);
    if (result != 0 || data_buffer == NULL) {
        th_printf("e-[The tensors do not fit into %u bytes]\r\n", (unsigned)sizeof memory);
        return 0;
    }
    th_printf("m-timestamp-mode-performance\r\n");
    th_timestamp();
    th_printf("m-init-done\r\nm-ready\r\n");
    for (;;) {
        const uint8_t *data;
        size_t size = wire_receive(&data);
        for (size_t i = 0; i < size; i++) {
            take((char)data[i]);
        }
        wire_release(size);
    }
}
