/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the model once. Inputs come from standard input, one after the other, as raw little-endian
 * elements; when it is empty they are zeros. Each output is printed as "name: value value ...". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device_kit/device_kit.h"
#include "model_memory.h"
#include "platform.h"

enum { DTYPE_INT = 0, DTYPE_UINT = 1, DTYPE_FLOAT = 2 };

static uint8_t memory[POOL_BYTES];

/* Fills all inputs, or leaves all as they are; anything between is an error of the caller. */
static int read_inputs(const dk_executor *executor) {
    const dk_model *model = executor->model;
    size_t wanted = 0;
    size_t received = 0;
    for (uint16_t i = 0; i < model->num_inputs; i++) {
        wanted += model->inputs[i].nbytes;
        received += fread(dk_executor_input(executor, i), 1, model->inputs[i].nbytes, stdin);
    }
    if (received == 0 || (received == wanted && fgetc(stdin) == EOF)) {
        return 0;
    }
    (void)fprintf(stderr, "the inputs take %zu bytes in all; standard input holds %s\n", wanted,
                  received == wanted ? "more" : "fewer");
    return -1;
}

static int64_t read_int(const uint8_t *element, size_t size) {
    int64_t value = 0;
    memcpy(&value, element, size);
    unsigned unused_bits = (unsigned)(sizeof value - size) * 8;
    return (int64_t)((uint64_t)value << unused_bits) >> unused_bits;
}

static uint64_t read_uint(const uint8_t *element, size_t size) {
    uint64_t value = 0;
    memcpy(&value, element, size);
    return value;
}

static void print_float(const uint8_t *element, size_t size) {
    if (size == sizeof(float)) {
        float value;
        memcpy(&value, element, sizeof value);
        (void)printf(" %.9g", (double)value);
    } else if (size == sizeof(double)) {
        double value;
        memcpy(&value, element, sizeof value);
        (void)printf(" %.17g", value);
    } else {
        (void)printf(" 0x%04llx", (unsigned long long)read_uint(element, size));
    }
}

static void print_element(dk_dtype dtype, const uint8_t *element) {
    size_t size = ((size_t)dtype.bits + 7) / 8;
    if (dtype.code == DTYPE_INT) {
        (void)printf(" %lld", (long long)read_int(element, size));
    } else if (dtype.code == DTYPE_FLOAT) {
        print_float(element, size);
    } else {
        (void)printf(" %llu", (unsigned long long)read_uint(element, size));
    }
}

static void print_tensor(const dk_tensor_info *info, const uint8_t *data) {
    size_t size = ((size_t)info->dtype.bits + 7) / 8;
    (void)printf("%s:", info->name);
    for (size_t offset = 0; offset < info->nbytes; offset += size) {
        print_element(info->dtype, data + offset);
    }
    (void)printf("\n");
}

int main(void) {
    static dk_executor executor;
    if (model_start(&executor, memory, sizeof memory) != 0) {
        (void)fprintf(stderr, "the tensors do not fit into a pool of %zu bytes\n", sizeof memory);
        return EXIT_FAILURE;
    }
    if (!isatty(STDIN_FILENO) && read_inputs(&executor) != 0) {
        return EXIT_FAILURE;
    }
    int result = dk_executor_run(&executor);
    if (result != 0) {
        (void)fprintf(stderr, "the model failed: error %d\n", result);
        return EXIT_FAILURE;
    }
    for (uint16_t i = 0; i < executor.model->num_outputs; i++) {
        print_tensor(&executor.model->outputs[i], dk_executor_output(&executor, i));
    }
    return EXIT_SUCCESS;
}
