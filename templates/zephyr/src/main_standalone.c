/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the model once on inputs of zeros and prints each output on the console as
 * "name: value value ...". A product fills the inputs from its sensors and loops. */
#include <inttypes.h>
#include <string.h>

#include "device_kit/device_kit.h"
#include "model_memory.h"
#include "platform.h"
#include "sizes.h"

enum { DTYPE_INT = 0, DTYPE_FLOAT = 2 };

static uint8_t memory[POOL_BYTES] __aligned(DK_ALIGNMENT);

static void print_element(dk_dtype dtype, const uint8_t *element) {
    size_t size = ((size_t)dtype.bits + 7) / 8;
    uint64_t bits = 0;
    memcpy(&bits, element, size);
    if (dtype.code == DTYPE_FLOAT && size == sizeof(float)) {
        float value;
        memcpy(&value, element, sizeof value);
        printk(" %.9g", (double)value);
    } else if (dtype.code == DTYPE_FLOAT && size == sizeof(double)) {
        double value;
        memcpy(&value, element, sizeof value);
        printk(" %.17g", value);
    } else if (dtype.code == DTYPE_INT) {
        unsigned unused_bits = (unsigned)(sizeof bits - size) * 8;
        printk(" %" PRId64, (int64_t)(bits << unused_bits) >> unused_bits);
    } else {
        printk(" %" PRIu64, bits);
    }
}

static void print_tensor(const dk_tensor_info *info, const uint8_t *data) {
    size_t size = ((size_t)info->dtype.bits + 7) / 8;
    printk("%s:", info->name);
    for (size_t offset = 0; offset < info->nbytes; offset += size) {
        print_element(info->dtype, data + offset);
    }
    printk("\n");
}

int main(void) {
    static dk_executor executor;
    if (model_start(&executor, memory, sizeof memory) != 0) {
        printk("the tensors do not fit into a pool of %u bytes\n", (unsigned)sizeof memory);
        return 0;
    }
    int result = dk_executor_run(&executor);
    if (result != 0) {
        printk("the model failed: error %d\n", result);
        return 0;
    }
    for (uint16_t i = 0; i < executor.model->num_outputs; i++) {
        print_tensor(&executor.model->outputs[i], dk_executor_output(&executor, i));
    }
    return 0;
}
