/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_model.h"

#include "device_kit/device_kit.h"
#include "platform.h"

#include <string.h>

#define MODEL_VWW 2
#define MODEL_AD  3
#define MODEL_IC  4

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
#ifndef IN_QUANT_SCALE
#define IN_QUANT_SCALE 0.0f /* not told */
#endif
#ifndef IN_QUANT_ZERO
#define IN_QUANT_ZERO 0
#endif

#define AD_FEATURES 640 /* five slices of 128, as the benchmark defines them */

enum { DTYPE_INT = 0, DTYPE_UINT = 1, DTYPE_FLOAT = 2 };

const char th_model[] = TH_MODEL_VERSION;

static dk_pool pool;
static dk_executor executor;
static mlperf_data *data;

static const dk_tensor_info *input_info(void) {
    return &dk_system_model.inputs[0];
}

static const dk_tensor_info *output_info(void) {
    return &dk_system_model.outputs[0];
}

static size_t count(const dk_tensor_info *tensor) {
    return tensor->nbytes / (((size_t)tensor->dtype.bits + 7) / 8);
}

static bool is_dtype(const dk_tensor_info *tensor, uint8_t code, uint8_t bits) {
    return tensor->dtype.code == code && tensor->dtype.bits == bits;
}

/* The runner sends features of sounds as floats. */
static bool is_quantized_here(void) {
    return TARGET_MODEL == MODEL_AD && is_dtype(input_info(), DTYPE_INT, 8);
}

static float element(const void *floats, size_t index) {
    float value;
    memcpy(&value, (const uint8_t *)floats + index * sizeof value, sizeof value);
    return value;
}

static int8_t quantized(float value) {
    float scaled = value / (float)IN_QUANT_SCALE;
    float rounded = scaled + (scaled < 0 ? -0.5f : 0.5f);
    float clamped = rounded < -1000.0f ? -1000.0f : rounded > 1000.0f ? 1000.0f : rounded;
    int32_t result = (int32_t)clamped + (IN_QUANT_ZERO);
    return (int8_t)(result < INT8_MIN ? INT8_MIN : result > INT8_MAX ? INT8_MAX : result);
}

void th_load_tensor(void) {
    uint8_t *input = dk_executor_input(&executor, 0);
    if (is_quantized_here()) {
        for (size_t i = 0; i < count(input_info()); i++) {
            input[i] = (uint8_t)quantized(element(data->bytes, i));
        }
        return;
    }
    memcpy(input, data->bytes, data->capacity);
    /* Images come as unsigned bytes. */
    if ((TARGET_MODEL == MODEL_VWW || TARGET_MODEL == MODEL_IC) &&
        is_dtype(input_info(), DTYPE_INT, 8)) {
        for (size_t i = 0; i < data->capacity; i++) {
            input[i] ^= 0x80;
        }
    }
}

void th_infer(void) {
    int32_t result = dk_executor_run(&executor);
    if (result != 0) {
        th_printf("e-[The model failed: error %d]\r\n", (int)result);
    }
}

static float output_value(size_t index) {
    const uint8_t *output = dk_executor_output(&executor, 0);
    if (is_dtype(output_info(), DTYPE_FLOAT, 32)) {
        return element(output, index);
    }
    int value = output_info()->dtype.code == DTYPE_UINT ? output[index] : (int8_t)output[index];
    return (float)OUT_QUANT_SCALE * (float)(value - (OUT_QUANT_ZERO));
}

/* How far an autoencoder's output is from what was loaded: the mean of the squares. */
static float anomaly(void) {
    float sum = 0;
    for (size_t i = 0; i < count(output_info()); i++) {
        float difference = output_value(i) - element(data->bytes, i);
        sum += difference * difference;
    }
    return sum / (float)count(output_info());
}

void th_results(void) {
    th_printf("m-results-[");
    if (TARGET_MODEL == MODEL_AD) {
        th_print_value(anomaly());
    } else {
        for (size_t i = 0; i < count(output_info()); i++) {
            if (i > 0) {
                th_printf(",");
            }
            th_print_value(output_value(i));
        }
    }
    th_printf("]\r\n");
}

/* Whether this firmware can run this model; if not, says why. */
static bool is_fit(void) {
    const dk_tensor_info *output = output_info();
    bool is_ad = TARGET_MODEL == MODEL_AD;
    if (!is_dtype(output, DTYPE_FLOAT, 32) && !is_dtype(output, DTYPE_INT, 8) &&
        !is_dtype(output, DTYPE_UINT, 8)) {
        th_printf("e-[The model's output is neither float32 nor int8 nor uint8]\r\n");
    } else if (is_ad && !is_dtype(input_info(), DTYPE_FLOAT, 32) && !is_quantized_here()) {
        th_printf("e-[The model's input is neither float32 nor int8]\r\n");
    } else if (is_quantized_here() && (float)IN_QUANT_SCALE <= 0.0f) {
        th_printf("e-[The model's input is int8: define IN_QUANT_SCALE and IN_QUANT_ZERO]\r\n");
    } else if (is_ad && (count(input_info()) != AD_FEATURES || count(output) != AD_FEATURES)) {
        th_printf("e-[The model is no autoencoder of 640 features]\r\n");
    } else {
        return true;
    }
    return false;
}

/* Memory for what the runner sends. */
static void prepare_data(void) {
    static uint8_t features[TARGET_MODEL == MODEL_AD ? AD_FEATURES * sizeof(float) : 1];
    if (TARGET_MODEL == MODEL_AD) {
        data->bytes = features;
        data->capacity = sizeof features;
    } else {
        data->capacity = input_info()->nbytes;
        data->bytes = dk_pool_allocate(&pool, (uint32_t)data->capacity, DK_OWNER_RUNTIME);
    }
}

bool mlperf_model_start(uint8_t *memory, size_t size, mlperf_data *where) {
    data = where;
    data->bytes = NULL;
    if (dk_pool_init(&pool, &platform, memory, size) == 0 &&
        dk_executor_create(&executor, &pool, &dk_system_model) == 0) {
        prepare_data();
    }
    if (data->bytes == NULL) {
        th_printf("e-[The tensors do not fit into %lu bytes]\r\n", (unsigned long)size);
        return false;
    }
    if (!is_fit()) {
        return false;
    }
    mlperf_start(data);
    return true;
}
