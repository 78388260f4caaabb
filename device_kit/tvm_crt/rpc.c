/* SPDX-License-Identifier: Apache-2.0 */
/* TVM's own RPC server on the platform functions of device_kit. */
#include <string.h>

#include <tvm/runtime/c_runtime_api.h>
#include <tvm/runtime/crt/error_codes.h>
#include <tvm/runtime/crt/graph_executor_module.h>
#include <tvm/runtime/crt/microtvm_rpc_server.h>

#include "tvm_crt.h"

/* What a packet starts with; device_kit/SPEC.md. */
enum { ESCAPE = 0xff };

static const dk_platform *port;
static uint8_t *memory;
static size_t memory_size;
static microtvm_rpc_server_t server;

static ssize_t send_bytes(void *context, const uint8_t *data, size_t size) {
    (void)context;
    return port->write(port->context, data, size) < 0 ? -1 : (ssize_t)size;
}

static int reset(TVMValue *arguments, int *types, int count, TVMValue *result, int *result_type,
                 void *resource) {
    (void)arguments;
    (void)types;
    (void)count;
    (void)result;
    (void)result_type;
    (void)resource;
    return port->reset(port->context);
}

/* The executor for ahead-of-time models registers itself, from TVM 0.9 on. */
static int register_functions(void) {
    int error = (int)TVMGraphExecutorModule_Register();
    if (error == 0 && port->reset != NULL) {
        error = TVMFuncRegisterGlobal("tvm.testing.reset_server", (TVMFunctionHandle)&reset, 0);
    }
    return error;
}

static int start(void) {
    int error = dk_tvm_init(port, memory, memory_size);
    if (error != 0) {
        return error;
    }
    server = MicroTVMRpcServerInit(&send_bytes, NULL);
    return -register_functions();
}

int dk_tvm_server_start(const dk_platform *platform, uint8_t *memory_given, size_t size) {
    port = platform;
    memory = memory_given;
    memory_size = size;
    return start();
}

static int is_framing_error(tvm_crt_error_t error) {
    unsigned category =
        ((unsigned)error & TVM_CRT_ERROR_CATEGORY_Msk) >> TVM_CRT_ERROR_CATEGORY_Pos;
    return category == kTvmErrorCategoryFraming;
}

/* Feeds TVM's server the bytes up to where the next packet may start: given more, it would answer
 * what follows a shutdown before it says that there was one. */
static tvm_crt_error_t receive_piece(uint8_t **next, size_t *size) {
    const uint8_t *end = memchr(*next + 1, ESCAPE, *size - 1);
    size_t piece = end == NULL ? *size : (size_t)(end - *next);
    size_t left = piece;
    tvm_crt_error_t error = MicroTVMRpcServerLoop(server, next, &left);
    *size -= piece - left;
    return error == kTvmErrorNoError && left == piece ? kTvmErrorFramingInvalidState : error;
}

int dk_tvm_server_receive(const uint8_t *data, size_t size) {
    uint8_t *next = (uint8_t *)data; /* TVM only reads it */
    int result = DK_OK;
    while (size > 0) {
        size_t before = size;
        tvm_crt_error_t error = receive_piece(&next, &size);
        if (error == kTvmErrorPlatformShutdown) {
            int failure = start();
            if (failure != 0) {
                return failure;
            }
            result = DK_SHUTDOWN;
        } else if (error != kTvmErrorNoError && (!is_framing_error(error) || size == before)) {
            /* A damaged packet is the host's to notice and repeat; what follows it may be sound. */
            return -(int)error;
        }
    }
    return result;
}
