/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that a client can look up by name and call. */
#include "bytes.h"
#include "internal.h"

/* TVM's client receives into 2048 bytes, whatever the device has; it asks the first of these two
 * functions. Clients that receive more ask the second one. */
enum { TVM_CLIENT_PACKET_BYTES = 2048 };

/* Framing (ff fd, length, CRC) and session header, as TVM's server subtracts them. */
enum { PACKET_OVERHEAD_BYTES = 11 };

typedef int (*function)(dk_server *server, dk_args *args, dk_value *result);

typedef struct named_function {
    const char *name;
    function call;
} named_function;

static int find(const named_function *table, uint32_t count, dk_text name, uint32_t *index) {
    for (*index = 0; *index < count; ++*index) {
        if (dk_text_equals(name, table[*index].name)) {
            return 1;
        }
    }
    return 0;
}

static int return_int(dk_value *result, int64_t number) {
    result->type = DK_TYPE_INT;
    result->as.number = number;
    return DK_OK;
}

static int return_handle(dk_value *result, enum dk_type_code type, uint32_t handle) {
    result->type = type;
    result->as.handle = handle;
    return DK_OK;
}

/* The executor's functions. That there is an executor was checked with the handle. */

static uint32_t find_input(const dk_model *model, dk_text name) {
    uint32_t index = 0;
    while (index < model->num_inputs && !dk_text_equals(name, model->inputs[index].name)) {
        index++;
    }
    return index;
}

static int no_such_input(dk_server *server, dk_text name) {
    return dk_fail_name(server, "the model has no input named ", name);
}

/* Takes the only argument, a number below `count`. */
static int take_index(dk_server *server, dk_args *args, uint32_t count, uint32_t *index) {
    uint64_t given = (uint64_t)dk_take_int(args);
    int error = dk_args_done(server, args);
    *index = (uint32_t)given;
    if (error == DK_OK && given >= count) {
        error = dk_fail_number(
            server, "no tensor of this index; they are numbered from 0 to below ", (int32_t)count);
    }
    return error;
}

static int return_tensor(dk_server *server, dk_value *result, const dk_tensor_info *info,
                         uint32_t buffer) {
    result->type = DK_TYPE_NDARRAY;
    result->as.array.info = info;
    result->as.array.data = server->executor.buffers[buffer];
    result->as.array.handle = dk_handle(server, DK_KIND_EXECUTOR_TENSOR, buffer);
    return DK_OK;
}

static int get_input_index(dk_server *server, dk_args *args, dk_value *result) {
    const dk_model *model = server->executor.model;
    dk_text name = dk_take_text(args);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    uint32_t index = find_input(model, name);
    return index < model->num_inputs ? return_int(result, index) : no_such_input(server, name);
}

/* By name or by index. */
static int get_input(dk_server *server, dk_args *args, dk_value *result) {
    const dk_model *model = server->executor.model;
    uint32_t index;
    int error;
    if (dk_args_next_type(args) == DK_TYPE_STR) {
        error = get_input_index(server, args, result);
        index = (uint32_t)result->as.number;
    } else {
        error = take_index(server, args, model->num_inputs, &index);
    }
    return error < 0 ? error : return_tensor(server, result, &model->inputs[index], index);
}

static int get_output(dk_server *server, dk_args *args, dk_value *result) {
    const dk_model *model = server->executor.model;
    uint32_t index;
    int error = take_index(server, args, model->num_outputs, &index);
    return error < 0
               ? error
               : return_tensor(server, result, &model->outputs[index], model->num_inputs + index);
}

static int get_input_name(dk_server *server, dk_args *args, dk_value *result) {
    const dk_model *model = server->executor.model;
    uint32_t index;
    int error = take_index(server, args, model->num_inputs, &index);
    if (error < 0) {
        return error;
    }
    result->type = DK_TYPE_STR;
    result->as.text = dk_text_of(model->inputs[index].name);
    return DK_OK;
}

static int get_num_inputs(dk_server *server, dk_args *args, dk_value *result) {
    return_int(result, server->executor.model->num_inputs);
    return dk_args_done(server, args);
}

static int get_num_outputs(dk_server *server, dk_args *args, dk_value *result) {
    return_int(result, server->executor.model->num_outputs);
    return dk_args_done(server, args);
}

static int check_run(dk_server *server, int32_t status) {
    return status == 0 ? DK_OK : dk_fail_number(server, "the model failed with error ", status);
}

static int run(dk_server *server, dk_args *args, dk_value *result) {
    (void)result;
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    return check_run(server, dk_executor_run(&server->executor));
}

/* Must exist for TVM's AotModule, which looks it up and then copies into get_input's tensor. */
static int set_input(dk_server *server, dk_args *args, dk_value *result) {
    (void)args;
    (void)result;
    return dk_fail(server, "set_input is the client's: copy into the tensor of get_input");
}

static const named_function executor_functions[DK_EXECUTOR_FUNCTIONS] = {
    {"get_input", get_input},
    {"get_input_index", get_input_index},
    {"get_input_name", get_input_name},
    {"get_num_inputs", get_num_inputs},
    {"get_num_outputs", get_num_outputs},
    {"get_output", get_output},
    {"run", run},
    {"set_input", set_input},
};

/* The system library: the model itself, on tensors that the client allocated. */

static int is_model_function(const dk_model *model, dk_text name) {
    return dk_text_skip(&name, "tvmgen_") && dk_text_skip(&name, model->name) &&
           (dk_text_equals(name, "_run") || dk_text_equals(name, "___tvm_main__"));
}

static void *take_model_tensor(dk_server *server, dk_args *args, const dk_tensor_info *info) {
    dk_tensor tensor;
    dk_take_tensor(args, &tensor);
    if (args->fault != NULL) {
        dk_args_done(server, args);
        return NULL;
    }
    uint8_t *data = dk_tensor_bytes(server, &tensor, tensor.byte_offset, tensor.nbytes);
    if (data != NULL &&
        (tensor.nbytes != info->nbytes || tensor.dtype.code != info->dtype.code ||
         tensor.dtype.bits != info->dtype.bits || tensor.dtype.lanes != info->dtype.lanes ||
         (uintptr_t)data % DK_ALIGNMENT != 0)) {
        dk_fail_name(server, "wrong size, type or alignment of the tensor for ",
                     dk_text_of(info->name));
        return NULL;
    }
    return data;
}

static int call_model(dk_server *server, dk_args *args) {
    const dk_model *model = server->config->model;
    uint32_t count = (uint32_t)model->num_inputs + model->num_outputs;
    void **buffers = dk_scratch(server, count * (uint32_t)sizeof(void *));
    if (buffers == NULL) {
        return DK_ERROR_REFUSED;
    }
    for (uint32_t i = 0; i < count; ++i) {
        buffers[i] = take_model_tensor(
            server, args,
            i < model->num_inputs ? &model->inputs[i] : &model->outputs[i - model->num_inputs]);
        if (buffers[i] == NULL) {
            return DK_ERROR_REFUSED;
        }
    }
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    return check_run(server, model->run(buffers, buffers + model->num_inputs));
}

/* Global functions. */

static int system_lib(dk_server *server, dk_args *args, dk_value *result) {
    return_handle(result, DK_TYPE_MODULE, dk_handle(server, DK_KIND_LIBRARY, 0));
    return dk_args_done(server, args);
}

static int module_get_function(dk_server *server, dk_args *args, dk_value *result) {
    uint64_t module = dk_take_handle(args, DK_TYPE_MODULE);
    dk_text name = dk_take_text(args);
    dk_take_int(args); /* whether to look in imported modules; there are none */
    uint32_t found = 0;
    int error = dk_args_done(server, args);
    if (error == DK_OK) {
        error = dk_find_in_module(server, module, name, &found);
    }
    return error < 0 ? error
                     : return_handle(result, found != 0 ? DK_TYPE_FUNCTION : DK_TYPE_NULL, found);
}

static int create_executor(dk_server *server, dk_args *args, dk_value *result) {
    uint64_t module = dk_take_handle(args, DK_TYPE_MODULE);
    dk_take_device(args);
    dk_text name = dk_take_text(args);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    uint32_t index;
    if (dk_handle_decode(server, module, &index) != DK_KIND_LIBRARY) {
        return dk_fail(server, "an executor is made from the module of runtime.SystemLib");
    }
    const dk_model *model = server->config->model;
    /* TVM's Session says "default" whatever the model is called. */
    if (!dk_text_equals(name, model->name) && !dk_text_equals(name, "default")) {
        return dk_fail_name(server, "this firmware holds no model named ", name);
    }
    server->executor_generation = 0;
    if (dk_executor_create(&server->executor, &server->pool, model) < 0) {
        return dk_fail_memory(server,
                              "the memory pool cannot hold the model's inputs and outputs; bytes "
                              "in its largest free block: ",
                              dk_executor_bytes(model));
    }
    server->executor_generation = dk_next_generation(server);
    return return_handle(result, DK_TYPE_MODULE, dk_handle(server, DK_KIND_EXECUTOR, 0));
}

static int max_packet_size(dk_server *server, dk_args *args, dk_value *result) {
    size_t size = server->config->packet_buffer_size;
    return_int(result, (int64_t)(size - PACKET_OVERHEAD_BYTES));
    return dk_args_done(server, args);
}

static int tvm_max_packet_size(dk_server *server, dk_args *args, dk_value *result) {
    int error = max_packet_size(server, args, result);
    if (result->as.number > TVM_CLIENT_PACKET_BYTES - PACKET_OVERHEAD_BYTES) {
        result->as.number = TVM_CLIENT_PACKET_BYTES - PACKET_OVERHEAD_BYTES;
    }
    return error;
}

static int random_fill(dk_server *server, dk_args *args, dk_value *result) {
    (void)result;
    dk_tensor tensor;
    dk_take_tensor(args, &tensor);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    uint8_t *data = dk_tensor_bytes(server, &tensor, tensor.byte_offset, tensor.nbytes);
    if (data == NULL) {
        return DK_ERROR_REFUSED;
    }
    const dk_platform *platform = server->config->platform;
    error = platform->random(platform->context, data, tensor.nbytes);
    return error >= 0 ? DK_OK : dk_fail_number(server, "the platform's random() failed: ", error);
}

static int memory_stats(dk_server *server, dk_args *args, dk_value *result) {
    uint8_t *stats = dk_scratch(server, 16);
    if (stats == NULL || dk_args_done(server, args) < 0) {
        return DK_ERROR_REFUSED;
    }
    dk_store_u32(stats, server->pool.size);
    dk_store_u32(stats + 4, server->pool.used);
    dk_store_u32(stats + 8, server->pool.high_water);
    dk_store_u32(stats + 12, dk_pool_largest_free(&server->pool));
    result->type = DK_TYPE_BYTES;
    result->as.text.data = (const char *)stats;
    result->as.text.size = 16;
    return DK_OK;
}

static int reset_device(dk_server *server, dk_args *args, dk_value *result) {
    (void)result;
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    const dk_platform *platform = server->config->platform;
    error = platform->reset(platform->context);
    return error >= 0 ? DK_OK : dk_fail_number(server, "the platform's reset() failed: ", error);
}

static const named_function global_functions[DK_GLOBAL_FUNCTIONS] = {
    {"runtime.SystemLib", system_lib},
    {"tvm.rpc.server.ModuleGetFunction", module_get_function},
    {"tvm.aot_executor.create", create_executor},
    {"runtime.RPCTimeEvaluator", dk_time_evaluator_create},
    {"tvm.rpc.server.GetCRTMaxPacketSize", tvm_max_packet_size},
    {"microtvm.max_packet_size", max_packet_size},
    {"microtvm.memory_stats", memory_stats},
    {"tvm.contrib.random.random_fill", random_fill},
    {"microtvm.reset", reset_device},
    {"tvm.testing.reset_server", reset_device},
};

uint32_t dk_find_global(const dk_server *server, dk_text name) {
    uint32_t index;
    if (!find(global_functions, DK_GLOBAL_FUNCTIONS, name, &index) ||
        (global_functions[index].call == reset_device && server->config->platform->reset == NULL)) {
        return 0;
    }
    return dk_handle(server, DK_KIND_GLOBAL_FUNCTION, index);
}

int dk_find_in_module(dk_server *server, uint64_t module, dk_text name, uint32_t *function_found) {
    uint32_t index;
    *function_found = 0;
    switch (dk_handle_decode(server, module, &index)) {
    case DK_KIND_LIBRARY:
        if (is_model_function(server->config->model, name)) {
            *function_found = dk_handle(server, DK_KIND_LIBRARY_FUNCTION, 0);
        }
        return DK_OK;
    case DK_KIND_EXECUTOR:
        if (find(executor_functions, DK_EXECUTOR_FUNCTIONS, name, &index)) {
            *function_found = dk_handle(server, DK_KIND_EXECUTOR_FUNCTION, index);
        }
        return DK_OK;
    default:
        return dk_fail_handle(server);
    }
}

int dk_call(dk_server *server, uint64_t handle, dk_args *args, dk_value *result) {
    uint32_t index = 0;
    result->type = DK_TYPE_NULL;
    result->as.number = 0;
    switch (dk_handle_decode(server, handle, &index)) {
    case DK_KIND_GLOBAL_FUNCTION:
        return global_functions[index].call(server, args, result);
    case DK_KIND_EXECUTOR_FUNCTION:
        return executor_functions[index].call(server, args, result);
    case DK_KIND_LIBRARY_FUNCTION:
        return call_model(server, args);
    case DK_KIND_TIME_EVALUATOR:
        return dk_time_evaluator_run(server, args, result);
    default:
        return dk_fail_handle(server);
    }
}
