/* SPDX-License-Identifier: Apache-2.0 */
/* Answers EEMBC's runner, which measures MLPerf Tiny; mlperf_commands.h lists what. The options'
 * compile_definitions, as TVM 0.18's template had them, say which benchmark it is:
 *
 *     -DTARGET_MODEL=N                            1 kws, 2 vww, 3 ad, 4 ic
 *     -DTH_MODEL_VERSION=EE_MODEL_VERSION_KWS01   its name
 *     -DOUT_QUANT_SCALE=0.00390625 -DOUT_QUANT_ZERO=-128   what an integer output means
 *     -DIN_QUANT_SCALE=... -DIN_QUANT_ZERO=...    for ad with an int8 input, what that means
 *     -DEE_CFG_ENERGY_MODE=1                      a pin for timestamps; see mlperf_energy.c
 */
#include <stdarg.h>
#include <string.h>

#include "device_kit/device_kit.h"
#include "mlperf_commands.h"
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
#ifndef IN_QUANT_SCALE
#define IN_QUANT_SCALE 0.0f /* not told */
#endif
#ifndef IN_QUANT_ZERO
#define IN_QUANT_ZERO 0
#endif

#define LINE_BYTES  128
#define AD_FEATURES 640 /* five slices of 128, as the benchmark defines them */

enum { DTYPE_INT = 0, DTYPE_UINT = 1, DTYPE_FLOAT = 2 };

const char th_name[] = "microTVM";
const char th_model[] = TH_MODEL_VERSION;

static uint8_t memory[POOL_BYTES] __aligned(DK_ALIGNMENT);
static dk_pool pool;
static dk_executor executor;
static mlperf_data data;

void th_printf(const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintk(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)wire_send((const uint8_t *)line, MIN((size_t)MAX(size, 0), sizeof line - 1));
}

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
    int32_t result = (int32_t)CLAMP(rounded, -1000.0f, 1000.0f) + (IN_QUANT_ZERO);
    return (int8_t)CLAMP(result, INT8_MIN, INT8_MAX);
}

void th_load_tensor(void) {
    uint8_t *input = dk_executor_input(&executor, 0);
    if (is_quantized_here()) {
        for (size_t i = 0; i < count(input_info()); i++) {
            input[i] = (uint8_t)quantized(element(data.bytes, i));
        }
        return;
    }
    memcpy(input, data.bytes, data.capacity);
    /* Images come as unsigned bytes. */
    if ((TARGET_MODEL == MODEL_VWW || TARGET_MODEL == MODEL_IC) &&
        is_dtype(input_info(), DTYPE_INT, 8)) {
        for (size_t i = 0; i < data.capacity; i++) {
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
        float difference = output_value(i) - element(data.bytes, i);
        sum += difference * difference;
    }
    return sum / (float)count(output_info());
}

void th_results(void) {
    th_printf("m-results-[");
    if (TARGET_MODEL == MODEL_AD) {
        th_printf("%.3f", (double)anomaly());
    } else {
        for (size_t i = 0; i < count(output_info()); i++) {
            th_printf(i == 0 ? "%.3f" : ",%.3f", (double)output_value(i));
        }
    }
    th_printf("]\r\n");
}

/* NULL, or why this firmware cannot run this model. */
static const char *refusal(void) {
    const dk_tensor_info *output = output_info();
    if (!is_dtype(output, DTYPE_FLOAT, 32) && !is_dtype(output, DTYPE_INT, 8) &&
        !is_dtype(output, DTYPE_UINT, 8)) {
        return "The model's output is neither float32 nor int8 nor uint8";
    }
    if (TARGET_MODEL == MODEL_AD && !is_dtype(input_info(), DTYPE_FLOAT, 32) &&
        !is_quantized_here()) {
        return "The model's input is neither float32 nor int8";
    }
    if (is_quantized_here() && (float)IN_QUANT_SCALE <= 0.0f) {
        return "The model's input is int8: define IN_QUANT_SCALE and IN_QUANT_ZERO";
    }
    if (TARGET_MODEL == MODEL_AD &&
        (count(input_info()) != AD_FEATURES || count(output) != AD_FEATURES)) {
        return "The model is no autoencoder of 640 features";
    }
    return NULL;
}

/* Memory for what the runner sends. */
static bool prepare_data(void) {
    static uint8_t features[TARGET_MODEL == MODEL_AD ? AD_FEATURES * sizeof(float) : 1];
    if (TARGET_MODEL == MODEL_AD) {
        data = (mlperf_data){.bytes = features, .capacity = sizeof features};
    } else {
        size_t size = input_info()->nbytes;
        data.bytes = dk_pool_allocate(&pool, (uint32_t)size, DK_OWNER_RUNTIME);
        data.capacity = size;
    }
    return data.bytes != NULL;
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
    if (result != 0 || !prepare_data()) {
        th_printf("e-[The tensors do not fit into %u bytes]\r\n", (unsigned)sizeof memory);
        return 0;
    }
    const char *why = refusal();
    if (why != NULL) {
        th_printf("e-[%s]\r\n", why);
        return 0;
    }
    mlperf_start(&data);
    for (;;) {
        const uint8_t *bytes;
        size_t size = wire_receive(&bytes);
        for (size_t i = 0; i < size; i++) {
            mlperf_take((char)bytes[i]);
        }
        wire_release(size);
    }
}
