/* SPDX-License-Identifier: Apache-2.0 */
/* TVM's TVMPlatform functions, from those that a port of device_kit supplies. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tvm/runtime/crt/error_codes.h>
#include <tvm/runtime/crt/logging.h>
#include <tvm/runtime/crt/page_allocator.h>
#include <tvm/runtime/crt/platform.h>

#include "tvm_crt.h"

/* TVM allocates whole pages; tensors keep the alignment of 16 and more that its kernels assume. */
enum { PAGE_BYTES_LOG2 = 8 };

static const dk_platform *port;
static MemoryManagerInterface *memory_manager;
static uint64_t timer_start_ns;
static int timer_runs;

int dk_tvm_init(const dk_platform *platform, uint8_t *memory, size_t size) {
    if (platform == NULL || memory == NULL || size < DK_TVM_MEMORY_MIN) {
        return DK_ERROR_CONFIG;
    }
    port = platform;
    timer_runs = 0;
    memset(memory, 0, size); /* TVM 0.8 and 0.9 take it to be zero */
    return -(int)PageMemoryManagerCreate(&memory_manager, memory, size, PAGE_BYTES_LOG2);
}

void TVMPlatformAbort(tvm_crt_error_t error) {
    if (port != NULL) {
        port->fatal(port->context, (int)error);
    }
    for (;;) {
    }
}

size_t TVMPlatformFormatMessage(char *out, size_t size, const char *format, va_list arguments) {
    int length = vsnprintf(out, size, format, arguments);
    if (length < 0 || size == 0) {
        return 0;
    }
    return (size_t)length < size ? (size_t)length : size - 1;
}

/* Without TVM's RPC server, which replaces this one, there is nobody to tell. */
__attribute__((weak)) void TVMLogf(const char *format, ...) {
    (void)format;
}

tvm_crt_error_t TVMPlatformMemoryAllocate(size_t size, DLDevice device, void **out) {
    return memory_manager->Allocate(memory_manager, size, device, out);
}

tvm_crt_error_t TVMPlatformMemoryFree(void *block, DLDevice device) {
    return memory_manager->Free(memory_manager, block, device);
}

tvm_crt_error_t TVMPlatformTimerStart(void) {
    if (timer_runs) {
        return kTvmErrorPlatformTimerBadState;
    }
    timer_runs = 1;
    timer_start_ns = port->time_ns(port->context);
    return kTvmErrorNoError;
}

tvm_crt_error_t TVMPlatformTimerStop(double *elapsed_seconds) {
    uint64_t now_ns = port->time_ns(port->context);
    if (!timer_runs) {
        return kTvmErrorPlatformTimerBadState;
    }
    timer_runs = 0;
    *elapsed_seconds = (double)(now_ns - timer_start_ns) / 1e9;
    return kTvmErrorNoError;
}

static tvm_crt_error_t measurement(int (*callback)(void *context)) {
    if (callback != NULL && callback(port->context) < 0) {
        return kTvmErrorPlatformCheckFailure;
    }
    return kTvmErrorNoError;
}

/* TVM 0.9 and later. */
tvm_crt_error_t TVMPlatformBeforeMeasurement(void) {
    return measurement(port->before_measurement);
}

tvm_crt_error_t TVMPlatformAfterMeasurement(void) {
    return measurement(port->after_measurement);
}

tvm_crt_error_t TVMPlatformGenerateRandom(uint8_t *data, size_t size) {
    if (port->random(port->context, data, size) < 0) {
        return kTvmErrorPlatformCheckFailure;
    }
    return kTvmErrorNoError;
}

/* TVM 0.12 and later declare it for a program's main; here dk_tvm_init has done the work. */
tvm_crt_error_t TVMPlatformInitialize(void) {
    return memory_manager == NULL ? kTvmErrorPlatformMemoryManagerInitialized : kTvmErrorNoError;
}
