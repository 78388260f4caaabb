/* SPDX-License-Identifier: Apache-2.0 */
/* What the server's source files share. */
#ifndef DEVICE_KIT_SRC_INTERNAL_H_
#define DEVICE_KIT_SRC_INTERNAL_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/server.h"

/* TVM's type codes of arguments and results; SPEC.md, "Values". */
enum dk_type_code {
    DK_TYPE_INT = 0,
    DK_TYPE_OPAQUE_HANDLE = 3,
    DK_TYPE_NULL = 4,
    DK_TYPE_DATA_TYPE = 5,
    DK_TYPE_DEVICE = 6,
    DK_TYPE_DLTENSOR = 7,
    DK_TYPE_MODULE = 9,
    DK_TYPE_FUNCTION = 10,
    DK_TYPE_STR = 11,
    DK_TYPE_BYTES = 12,
    DK_TYPE_NDARRAY = 13,
    DK_TYPE_BOOL = 15
};

/* Text within the packet; not terminated. */
typedef struct dk_text {
    const char *data;
    uint32_t size;
} dk_text;

dk_text dk_text_of(const char *terminated);
/* Steps over `prefix`, when the text begins with it. */
int dk_text_skip(dk_text *text, const char *prefix);
int dk_text_equals(dk_text text, const char *other);

/* failure.c: each records why the request is refused and returns DK_ERROR_REFUSED. */
int dk_fail(dk_server *server, const char *text);
int dk_fail_number(dk_server *server, const char *text, int32_t number);
int dk_fail_name(dk_server *server, const char *text, dk_text name);
/* The number is what the pool has in one piece; how much was asked for follows. */
int dk_fail_memory(dk_server *server, const char *text, uint64_t bytes);
int dk_fail_handle(dk_server *server);

/* reader.c: reads within [next, end). The first read that would pass the end sets `failed` and
 * yields zeros from then on, so that callers check once. */
typedef struct dk_reader {
    const uint8_t *next;
    const uint8_t *end;
    uint8_t failed;
} dk_reader;

/* `size` bytes in place, or NULL. */
const uint8_t *dk_read_bytes(dk_reader *reader, uint64_t size);
uint32_t dk_read_u32(dk_reader *reader);
uint64_t dk_read_u64(dk_reader *reader);

/* A tensor as the host describes it. */
typedef struct dk_tensor {
    uint64_t data;
    uint64_t byte_offset;
    uint32_t nbytes; /* from shape and dtype */
    dk_dtype dtype;
    const char *fault; /* why it cannot be used, or NULL */
} dk_tensor;

/* A packed sequence of arguments, taken one after the other. The first fault (too few, a wrong
 * type, a packet that ends early) is kept, and everything taken after it is 0. */
typedef struct dk_args {
    const uint8_t *codes;
    dk_reader values;
    uint32_t count;
    uint32_t taken;
    const char *fault;
} dk_args;

void dk_args_open(dk_args *args, dk_reader *packet);
/* Type code of the argument that would be taken next; -1 when there is none. */
int32_t dk_args_next_type(const dk_args *args);
int64_t dk_take_int(dk_args *args); /* or a bool */
uint64_t dk_take_handle(dk_args *args, enum dk_type_code type);
dk_text dk_take_text(dk_args *args);
void dk_take_null(dk_args *args);
void dk_take_data_type(dk_args *args);
void dk_take_device(dk_args *args); /* cpu(0): this chip is the only device */
void dk_take_stream(dk_args *args); /* accepted and ignored: all calls are synchronous */
void dk_take_tensor(dk_args *args, dk_tensor *tensor);
/* DK_OK when every argument was taken and none was at fault; or fails, naming the argument. */
int dk_args_done(dk_server *server, const dk_args *args);

/* tensor.c */
void dk_read_tensor(dk_reader *reader, dk_tensor *tensor);
/* Where `nbytes` bytes at `offset` of the tensor's allocation are; or fails and returns NULL. */
uint8_t *dk_tensor_bytes(dk_server *server, const dk_tensor *tensor, uint64_t offset,
                         uint64_t nbytes);

/* What a function returns. */
typedef struct dk_value {
    enum dk_type_code type;
    union {
        int64_t number;
        uint32_t handle;
        dk_text text; /* str and bytes */
        struct {
            const dk_tensor_info *info;
            const void *data;
            uint32_t handle;
        } array;
    } as;
} dk_value;

/* handle.c: a handle is kind, generation and index; DESIGN.md, "Handles". */
enum dk_handle_kind {
    DK_KIND_GLOBAL_FUNCTION = 1,
    DK_KIND_LIBRARY,
    DK_KIND_LIBRARY_FUNCTION,
    DK_KIND_EXECUTOR,
    DK_KIND_EXECUTOR_FUNCTION,
    DK_KIND_EXECUTOR_TENSOR,
    DK_KIND_TIME_EVALUATOR
};

uint32_t dk_next_generation(dk_server *server);
uint32_t dk_handle(const dk_server *server, enum dk_handle_kind kind, uint32_t index);
/* The kind and index of a handle that can be used now; 0 for any other number. */
int dk_handle_decode(const dk_server *server, uint64_t handle, uint32_t *index);
/* The kind of a handle that was given out in this session, used up or not; 0 for any other. */
int dk_handle_kind_in_session(const dk_server *server, uint64_t handle);

/* functions.c */
enum { DK_GLOBAL_FUNCTIONS = 10, DK_EXECUTOR_FUNCTIONS = 8 };
uint32_t dk_find_global(const dk_server *server, dk_text name); /* 0: there is none */
/* Looks in the library or the executor; *function is 0 when it has no such function. */
int dk_find_in_module(dk_server *server, uint64_t module, dk_text name, uint32_t *function);
int dk_call(dk_server *server, uint64_t function, dk_args *args, dk_value *result);

/* time_evaluator.c */
int dk_time_evaluator_create(dk_server *server, dk_args *args, dk_value *result);
int dk_time_evaluator_run(dk_server *server, const dk_args *args, dk_value *result);
/* The IEEE 754 double nearest to numerator / denominator, as its 64 bits. Both are below 2^63. */
uint64_t dk_ratio_to_double(uint64_t numerator, uint64_t denominator);

/* rpc_server.c: memory for one reply, aligned for pointers; or fails and returns NULL. */
void *dk_scratch(dk_server *server, uint32_t bytes);

#endif
