/* SPDX-License-Identifier: Apache-2.0 */
/* TVM's own RPC server on the platform functions of device_kit. */
#include <tvm/runtime/c_runtime_api.h>
#include <tvm/runtime/crt/error_codes.h>
#include <tvm/runtime/crt/graph_executor_module.h>
#include <tvm/runtime/crt/microtvm_rpc_server.h>

#include "tvm_crt.h"

static const dk_platform *port;
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

int dk_tvm_server_start(const dk_platform *platform, uint8_t *memory, size_t size) {
    int error = dk_tvm_init(platform, memory, size);
    if (error != 0) {
        return error;
    }
    port = platform;
    server = MicroTVMRpcServerInit(&send_bytes, NULL);
    return -register_functions();
}

static int is_framing_error(tvm_crt_error_t error) {
    unsigned category =
        ((unsigned)error & TVM_CRT_ERROR_CATEGORY_Msk) >> TVM_CRT_ERROR_CATEGORY_Pos;
    return category == kTvmErrorCategoryFraming;
}

int dk_tvm_server_receive(const uint8_t *data, size_t size) {
    uint8_t *next = (uint8_t *)data; /* TVM only reads it */
    while (size > 0) {
        size_t before = size;
        tvm_crt_error_t error = MicroTVMRpcServerLoop(server, &next, &size);
        if (error == kTvmErrorPlatformShutdown) {
            return DK_SHUTDOWN;
        }
        /* A damaged packet is the host's to notice and repeat; what follows it may be sound. */
        if (error != kTvmErrorNoError && (!is_framing_error(error) || size == before)) {
            return -(int)error;
        }
    }
    return DK_OK;
}
