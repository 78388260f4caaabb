/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the RPC protocol and the replies to them. */
#include <string.h>

#include "bytes.h"
#include "internal.h"

enum rpc_code {
    RPC_SHUTDOWN = 1,
    RPC_INIT_SERVER,
    RPC_CALL_FUNC,
    RPC_RETURN,
    RPC_EXCEPTION,
    RPC_COPY_FROM_REMOTE,
    RPC_COPY_TO_REMOTE,
    RPC_COPY_ACK,
    RPC_GET_GLOBAL_FUNC,
    RPC_FREE_HANDLE,
    RPC_DEV_SET_DEVICE,
    RPC_DEV_GET_ATTR,
    RPC_DEV_ALLOC_DATA,
    RPC_DEV_FREE_DATA,
    RPC_DEV_STREAM_SYNC,
    RPC_COPY_AMONG_REMOTE,
    RPC_DEV_ALLOC_DATA_WITH_SCOPE,
    RPC_DEV_CREATE_STREAM,
    RPC_DEV_FREE_STREAM,
    RPC_DEV_SET_STREAM
};

enum { LENGTH_BYTES = 8, CODE_BYTES = 4 };

/* Replies. A message's size goes first, so each reply is sized before it is sent. */

static void put_u32(dk_server *server, uint32_t value) {
    uint8_t bytes[4];
    dk_store_u32(bytes, value);
    dk_framer_put(&server->session.framer, bytes, sizeof bytes);
}

static void put_u64(dk_server *server, uint64_t value) {
    uint8_t bytes[8];
    dk_store_u64(bytes, value);
    dk_framer_put(&server->session.framer, bytes, sizeof bytes);
}

static void put_bytes(dk_server *server, const void *data, uint32_t size) {
    dk_framer_put(&server->session.framer, data, size);
}

static void begin_reply(dk_server *server, enum rpc_code code, uint32_t body_bytes) {
    dk_session_start_message(&server->session, DK_MESSAGE_NORMAL,
                             LENGTH_BYTES + CODE_BYTES + body_bytes);
    put_u64(server, (uint64_t)CODE_BYTES + body_bytes);
    put_u32(server, code);
}

static void end_reply(dk_server *server) {
    dk_framer_finish(&server->session.framer);
}

/* Writes the number in decimal so that it ends at `end`; returns where it begins. */
static char *format_unsigned(char *end, uint32_t number) {
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

static char *format_number(char *end, int32_t number) {
    end = format_unsigned(end, number < 0 ? 0u - (uint32_t)number : (uint32_t)number);
    if (number < 0) {
        *--end = '-';
    }
    return end;
}

static void reply_exception(dk_server *server) {
    static const char asked_for[] = ", asked for: ";
    const dk_failure *failure = &server->failure;
    char digits[12], asked_digits[12];
    char *end = digits + sizeof digits;
    char *number = failure->has_number ? format_number(end, failure->number) : end;
    uint32_t number_bytes = (uint32_t)(end - number);
    char *asked_end = asked_digits + sizeof asked_digits;
    char *asked =
        failure->asked_bytes ? format_unsigned(asked_end, failure->asked_bytes) : asked_end;
    uint32_t asked_bytes = (uint32_t)(asked_end - asked);
    uint32_t label_bytes = asked_bytes ? sizeof asked_for - 1 : 0;
    uint32_t text_bytes = dk_text_of(failure->text).size;
    uint32_t quote_bytes = failure->name != NULL ? 1 : 0;
    uint32_t bytes = text_bytes + failure->name_bytes + 2 * quote_bytes + number_bytes +
                     label_bytes + asked_bytes;
    begin_reply(server, RPC_EXCEPTION, 4 + 4 + 8 + bytes);
    put_u32(server, 1);
    put_u32(server, DK_TYPE_STR);
    put_u64(server, bytes);
    put_bytes(server, failure->text, text_bytes);
    put_bytes(server, "'", quote_bytes);
    put_bytes(server, failure->name, failure->name_bytes);
    put_bytes(server, "'", quote_bytes);
    put_bytes(server, number, number_bytes);
    put_bytes(server, asked_for, label_bytes);
    put_bytes(server, asked, asked_bytes);
    end_reply(server);
}

/* The reply to a system call: one value, null or a handle. */
static int reply_null(dk_server *server) {
    begin_reply(server, RPC_RETURN, 4 + 4);
    put_u32(server, 1);
    put_u32(server, DK_TYPE_NULL);
    end_reply(server);
    return DK_OK;
}

static int reply_handle(dk_server *server, uint64_t handle) {
    begin_reply(server, RPC_RETURN, 4 + 4 + 8);
    put_u32(server, 1);
    put_u32(server, DK_TYPE_OPAQUE_HANDLE);
    put_u64(server, handle);
    end_reply(server);
    return DK_OK;
}

/* The head of the reply to a call: how many values, their types as they are encoded, and as the
 * first value the type as the client shall see it. */
static void begin_result(dk_server *server, const dk_value *result, uint32_t count,
                         enum dk_type_code encoding, uint32_t value_bytes) {
    begin_reply(server, RPC_RETURN, 4 + 4 * count + 8 + value_bytes);
    put_u32(server, count);
    put_u32(server, DK_TYPE_INT);
    put_u32(server, encoding);
    if (count == 3) {
        put_u32(server, DK_TYPE_OPAQUE_HANDLE);
    }
    put_u64(server, result->type);
}

static void reply_array(dk_server *server, const dk_value *result) {
    const dk_tensor_info *info = result->as.array.info;
    uint32_t ndim = (uint32_t)info->ndim;
    begin_result(server, result, 3, DK_TYPE_DLTENSOR, 8 + 8 + 4 + 4 + 8 * ndim + 8 + 8);
    put_u64(server, (uint64_t)(uintptr_t)result->as.array.data);
    put_u64(server, 1); /* cpu(0) */
    put_u32(server, ndim);
    put_u32(server, info->dtype.code | ((uint32_t)info->dtype.bits << 8) |
                        ((uint32_t)info->dtype.lanes << 16));
    for (uint32_t i = 0; i < ndim; ++i) {
        put_u64(server, (uint64_t)info->shape[i]);
    }
    put_u64(server, 0); /* byte_offset */
    put_u64(server, result->as.array.handle);
}

static int reply_value(dk_server *server, const dk_value *result) {
    switch (result->type) {
    case DK_TYPE_NDARRAY:
        reply_array(server, result);
        break;
    case DK_TYPE_STR:
    case DK_TYPE_BYTES:
        begin_result(server, result, 2, result->type, 8 + result->as.text.size);
        put_u64(server, result->as.text.size);
        put_bytes(server, result->as.text.data, result->as.text.size);
        break;
    case DK_TYPE_MODULE:
    case DK_TYPE_FUNCTION:
        begin_result(server, result, 2, DK_TYPE_OPAQUE_HANDLE, 8);
        put_u64(server, result->as.handle);
        break;
    case DK_TYPE_INT:
        begin_result(server, result, 2, DK_TYPE_INT, 8);
        put_u64(server, (uint64_t)result->as.number);
        break;
    default:
        begin_result(server, result, 2, DK_TYPE_NULL, 0);
        break;
    }
    end_reply(server);
    return DK_OK;
}

/* Requests. Each handler replies and returns DK_OK, or records a failure and returns it. */

static int init_server(dk_server *server, dk_reader *packet) {
    uint64_t version_bytes = dk_read_u64(packet);
    dk_read_bytes(packet, version_bytes); /* a microTVM device serves any version of the protocol */
    dk_args args;
    dk_args_open(&args, packet);
    int error = dk_args_done(server, &args);
    return error < 0 ? error : reply_null(server);
}

static int call_func(dk_server *server, dk_reader *packet) {
    uint64_t function = dk_read_u64(packet);
    dk_args args;
    dk_args_open(&args, packet);
    dk_value result;
    if (args.fault != NULL) {
        return dk_args_done(server, &args);
    }
    int error = dk_call(server, function, &args, &result);
    return error < 0 ? error : reply_value(server, &result);
}

/* The head of both copy requests: a tensor, of which this finds `nbytes` bytes. */
static uint8_t *read_copy(dk_server *server, dk_reader *packet, uint32_t *nbytes) {
    dk_tensor tensor;
    dk_read_tensor(packet, &tensor);
    uint64_t bytes = dk_read_u64(packet);
    if (packet->failed) {
        dk_fail(server, "the packet ends within its tensor");
        return NULL;
    }
    uint8_t *data = dk_tensor_bytes(server, &tensor, tensor.byte_offset, bytes);
    *nbytes = (uint32_t)bytes;
    return data;
}

static int copy_from_remote(dk_server *server, dk_reader *packet) {
    uint32_t nbytes;
    const uint8_t *data = read_copy(server, packet, &nbytes);
    if (data == NULL) {
        return DK_ERROR_REFUSED;
    }
    begin_reply(server, RPC_COPY_ACK, nbytes);
    put_bytes(server, data, nbytes);
    end_reply(server);
    return DK_OK;
}

static int copy_to_remote(dk_server *server, dk_reader *packet) {
    uint32_t nbytes;
    uint8_t *data = read_copy(server, packet, &nbytes);
    if (data == NULL) {
        return DK_ERROR_REFUSED;
    }
    const uint8_t *bytes = dk_read_bytes(packet, nbytes);
    if (bytes == NULL) {
        return dk_fail(server, "the packet holds fewer bytes than it copies");
    }
    memcpy(data, bytes, nbytes);
    return reply_null(server);
}

static int get_global_func(dk_server *server, dk_args *args) {
    dk_text name = dk_take_text(args);
    int error = dk_args_done(server, args);
    return error < 0 ? error : reply_handle(server, dk_find_global(server, name));
}

/* Freeing what a later call has replaced is right: clients do it whenever they collect garbage. */
static int free_handle(dk_server *server, dk_args *args) {
    uint64_t handle = dk_take_handle(args, DK_TYPE_OPAQUE_HANDLE);
    int64_t type = dk_take_int(args);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    int64_t expected = -1;
    switch (dk_handle_kind_in_session(server, handle)) {
    case DK_KIND_GLOBAL_FUNCTION:
    case DK_KIND_LIBRARY_FUNCTION:
    case DK_KIND_EXECUTOR_FUNCTION:
    case DK_KIND_TIME_EVALUATOR:
        expected = DK_TYPE_FUNCTION;
        break;
    case DK_KIND_LIBRARY:
    case DK_KIND_EXECUTOR:
        expected = DK_TYPE_MODULE;
        break;
    case DK_KIND_EXECUTOR_TENSOR:
        expected = DK_TYPE_NDARRAY;
        break;
    default:
        break;
    }
    if (type != expected) {
        return dk_fail(server, "not a handle of this type that was given out in this session");
    }
    uint32_t index;
    if (dk_handle_decode(server, handle, &index) == DK_KIND_EXECUTOR) {
        /* Its tensors stay until an executor is made anew: the client may still read them. */
        server->executor_generation = 0;
    }
    return reply_null(server);
}

static int reply_allocated(dk_server *server, uint64_t bytes) {
    uint32_t wanted = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    void *block = dk_pool_allocate(&server->pool, wanted, DK_OWNER_REMOTE);
    if (block == NULL) {
        return dk_fail_memory(server,
                              "out of memory; bytes in the pool's largest free block: ", bytes);
    }
    return reply_handle(server, (uint64_t)(uintptr_t)block);
}

static int dev_alloc_data(dk_server *server, dk_args *args) {
    dk_take_device(args);
    uint64_t bytes = (uint64_t)dk_take_int(args);
    dk_take_int(args); /* alignment: every block has DK_ALIGNMENT; more is not needed by a CPU */
    dk_take_data_type(args);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    return reply_allocated(server, bytes);
}

static int dev_alloc_data_with_scope(dk_server *server, dk_args *args) {
    dk_tensor tensor;
    dk_take_tensor(args, &tensor);
    dk_text scope = {"", 0};
    if (dk_args_next_type(args) == DK_TYPE_NULL) {
        dk_take_null(args);
    } else {
        scope = dk_take_text(args);
    }
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    if (tensor.fault != NULL) {
        return dk_fail(server, tensor.fault);
    }
    if (scope.size != 0 && !dk_text_equals(scope, "global")) {
        return dk_fail_name(server, "there is no memory scope ", scope);
    }
    return reply_allocated(server, tensor.nbytes);
}

static int dev_free_data(dk_server *server, dk_args *args) {
    dk_take_device(args);
    uint64_t address = dk_take_handle(args, DK_TYPE_OPAQUE_HANDLE);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    uint32_t bytes;
    void *block = dk_pool_find(&server->pool, address, DK_OWNER_REMOTE, &bytes);
    if (block == NULL) {
        return dk_fail(server, "not a pointer that this client allocated");
    }
    dk_pool_free(&server->pool, block);
    return reply_null(server);
}

static int copy_among_remote(dk_server *server, dk_args *args) {
    dk_tensor from;
    dk_tensor to;
    dk_take_tensor(args, &from);
    dk_take_tensor(args, &to);
    dk_take_stream(args);
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    const uint8_t *source = dk_tensor_bytes(server, &from, from.byte_offset, from.nbytes);
    uint8_t *target = dk_tensor_bytes(server, &to, to.byte_offset, to.nbytes);
    if (source == NULL || target == NULL) {
        return DK_ERROR_REFUSED;
    }
    if (from.nbytes != to.nbytes) {
        return dk_fail(server, "a copy needs two tensors of one size");
    }
    if (source != target) {
        if (source < target + to.nbytes && target < source + from.nbytes) {
            return dk_fail(server, "a tensor cannot be copied onto a part of itself");
        }
        memcpy(target, source, from.nbytes);
    }
    return reply_null(server);
}

static int create_stream(dk_server *server, dk_args *args) {
    dk_take_device(args);
    int error = dk_args_done(server, args);
    return error < 0 ? error : reply_handle(server, 0);
}

static int use_stream(dk_server *server, dk_args *args) {
    dk_take_device(args);
    dk_take_stream(args);
    int error = dk_args_done(server, args);
    return error < 0 ? error : reply_null(server);
}

static int system_call(dk_server *server, uint32_t code, dk_reader *packet) {
    dk_args args;
    dk_args_open(&args, packet);
    switch (code) {
    case RPC_GET_GLOBAL_FUNC:
        return get_global_func(server, &args);
    case RPC_FREE_HANDLE:
        return free_handle(server, &args);
    case RPC_DEV_SET_DEVICE:
        return dk_fail(server, "SetDevice not supported");
    case RPC_DEV_GET_ATTR:
        return dk_fail(server, "GetAttr not supported");
    case RPC_DEV_ALLOC_DATA:
        return dev_alloc_data(server, &args);
    case RPC_DEV_FREE_DATA:
        return dev_free_data(server, &args);
    case RPC_COPY_AMONG_REMOTE:
        return copy_among_remote(server, &args);
    case RPC_DEV_ALLOC_DATA_WITH_SCOPE:
        return dev_alloc_data_with_scope(server, &args);
    case RPC_DEV_CREATE_STREAM:
        return create_stream(server, &args);
    case RPC_DEV_STREAM_SYNC:
    case RPC_DEV_FREE_STREAM:
    case RPC_DEV_SET_STREAM:
        return use_stream(server, &args);
    default:
        return dk_fail_number(server, "unknown RPC code ", (int32_t)code);
    }
}

/* Frees what the client of a session held, and makes its handles useless. */
static void end_session(dk_server *server) {
    dk_executor_destroy(&server->executor);
    dk_pool_free_all(&server->pool, DK_OWNER_REMOTE);
    server->session_generation = dk_next_generation(server);
    server->executor_generation = 0;
    server->time_evaluator_generation = 0;
    if (server->config->model->reset != NULL) {
        server->config->model->reset();
    }
}

static int handle_request(dk_server *server, dk_reader *packet) {
    uint32_t code = dk_read_u32(packet);
    switch (code) {
    case RPC_SHUTDOWN:
        dk_session_close(&server->session);
        end_session(server);
        server->shutdown = 1;
        return DK_OK;
    case RPC_INIT_SERVER:
        return init_server(server, packet);
    case RPC_CALL_FUNC:
        return call_func(server, packet);
    case RPC_COPY_FROM_REMOTE:
        return copy_from_remote(server, packet);
    case RPC_COPY_TO_REMOTE:
        return copy_to_remote(server, packet);
    default:
        return system_call(server, code, packet);
    }
}

/* A message holds one packet: its length, then as many bytes. */
static int handle_message(dk_server *server) {
    const dk_unframer *unframer = &server->session.unframer;
    if (unframer->length > unframer->capacity) {
        return dk_fail_number(server, "the message is larger than the device's packet buffer of ",
                              (int32_t)unframer->capacity);
    }
    dk_reader packet = {unframer->buffer + DK_SESSION_HEADER_BYTES,
                        unframer->buffer + unframer->length, 0};
    server->scratch = unframer->buffer + unframer->length;
    uint64_t length = dk_read_u64(&packet);
    if (packet.failed || length > (uint64_t)(packet.end - packet.next)) {
        return dk_fail(server, "the packet is shorter than its length says");
    }
    if (length == 0) {
        return DK_OK; /* nothing is asked, nothing is answered */
    }
    packet.end = packet.next + length;
    return handle_request(server, &packet);
}

void *dk_scratch(dk_server *server, uint32_t bytes) {
    uint8_t *end = server->config->packet_buffer + server->config->packet_buffer_size;
    size_t gap = (size_t)(-(uintptr_t)server->scratch % _Alignof(uint64_t));
    size_t room = (size_t)(end - server->scratch);
    if (room < gap || bytes > room - gap) {
        dk_fail_number(server,
                       "too many results for the packet buffer; bytes needed: ", (int32_t)bytes);
        return NULL;
    }
    uint8_t *start = server->scratch + gap;
    server->scratch = start + bytes;
    return start;
}

static int config_is_complete(const dk_config *config) {
    const dk_platform *platform = config->platform;
    return platform != NULL && platform->write != NULL && platform->random != NULL &&
           platform->time_ns != NULL && platform->fatal != NULL && config->model != NULL &&
           config->packet_buffer != NULL && config->packet_buffer_size >= DK_PACKET_BUFFER_MIN &&
           config->pool != NULL;
}

int dk_server_init(dk_server *server, const dk_config *config) {
    if (!config_is_complete(config)) {
        return DK_ERROR_CONFIG;
    }
    memset(server, 0, sizeof *server);
    server->config = config;
    int error = dk_pool_init(&server->pool, config->platform, config->pool, config->pool_size);
    if (error < 0) {
        return error;
    }
    end_session(server);
    return dk_session_init(&server->session, config->platform, config->packet_buffer,
                           config->packet_buffer_size);
}

int dk_server_receive(dk_server *server, const uint8_t *data, size_t size) {
    int result = DK_OK;
    server->shutdown = 0;
    while (size > 0) {
        size_t used;
        server->session.framer.error = DK_OK;
        switch (dk_session_feed(&server->session, data, size, &used)) {
        case DK_SESSION_STARTED:
        case DK_SESSION_ENDED:
            end_session(server);
            break;
        case DK_SESSION_MESSAGE:
            if (handle_message(server) < 0) {
                reply_exception(server);
            }
            break;
        case DK_SESSION_NONE:
            break;
        }
        data += used;
        size -= used;
        if (server->session.framer.error != DK_OK) {
            result = server->session.framer.error;
        }
    }
    return result == DK_OK && server->shutdown ? DK_SHUTDOWN : result;
}

int dk_server_log(dk_server *server, const char *text, size_t size) {
    return dk_session_log(&server->session, text, size);
}
