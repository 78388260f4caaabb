/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bytes.h"
#include "internal.h"

static const char ends_early[] = "the packet ends within argument ";
static const char wrong_type[] = "wrong type of argument ";
static const char too_few[] = "too few arguments: ";

dk_text dk_text_of(const char *terminated) {
    return (dk_text){terminated, (uint32_t)strlen(terminated)};
}

int dk_text_skip(dk_text *text, const char *prefix) {
    for (; *prefix != '\0'; ++prefix, ++text->data, --text->size) {
        if (text->size == 0 || *text->data != *prefix) {
            return 0;
        }
    }
    return 1;
}

int dk_text_equals(dk_text text, const char *other) {
    return dk_text_skip(&text, other) && text.size == 0;
}

const uint8_t *dk_read_bytes(dk_reader *reader, uint64_t size) {
    if (size > (uint64_t)(reader->end - reader->next)) {
        reader->failed = 1;
        reader->next = reader->end;
        return NULL;
    }
    const uint8_t *bytes = reader->next;
    reader->next += size;
    return bytes;
}

uint32_t dk_read_u32(dk_reader *reader) {
    const uint8_t *bytes = dk_read_bytes(reader, 4);
    return bytes != NULL ? dk_load_u32(bytes) : 0;
}

uint64_t dk_read_u64(dk_reader *reader) {
    const uint8_t *bytes = dk_read_bytes(reader, 8);
    return bytes != NULL ? dk_load_u64(bytes) : 0;
}

void dk_args_open(dk_args *args, dk_reader *packet) {
    args->count = dk_read_u32(packet);
    args->codes = dk_read_bytes(packet, (uint64_t)args->count * 4);
    args->values = *packet;
    args->taken = 0;
    args->fault = packet->failed ? ends_early : NULL;
}

int32_t dk_args_next_type(const dk_args *args) {
    if (args->fault != NULL || args->taken >= args->count) {
        return -1;
    }
    return (int32_t)dk_load_u32(args->codes + (size_t)args->taken * 4);
}

/* Steps to the next argument; whether it may be read as one of the two types. */
static int step(dk_args *args, enum dk_type_code type, enum dk_type_code other) {
    int32_t found = dk_args_next_type(args);
    if (args->fault != NULL) {
        return 0;
    }
    if (args->taken >= args->count) {
        args->fault = too_few;
    } else if (found != (int32_t)type && found != (int32_t)other) {
        args->fault = wrong_type;
    } else {
        args->taken++;
        return 1;
    }
    return 0;
}

static void note_end(dk_args *args) {
    if (args->values.failed && args->fault == NULL) {
        args->taken--;
        args->fault = ends_early;
    }
}

static uint64_t take_u64(dk_args *args, enum dk_type_code type, enum dk_type_code other) {
    uint64_t value = 0;
    if (step(args, type, other)) {
        value = dk_read_u64(&args->values);
        note_end(args);
    }
    return value;
}

int64_t dk_take_int(dk_args *args) {
    return (int64_t)take_u64(args, DK_TYPE_INT, DK_TYPE_BOOL);
}

uint64_t dk_take_handle(dk_args *args, enum dk_type_code type) {
    return take_u64(args, type, type);
}

dk_text dk_take_text(dk_args *args) {
    dk_text text = {"", 0};
    if (step(args, DK_TYPE_STR, DK_TYPE_STR)) {
        uint64_t size = dk_read_u64(&args->values);
        const uint8_t *data = dk_read_bytes(&args->values, size);
        note_end(args);
        if (data != NULL) {
            text.data = (const char *)data;
            text.size = (uint32_t)size;
        }
    }
    return text;
}

void dk_take_null(dk_args *args) {
    step(args, DK_TYPE_NULL, DK_TYPE_NULL);
}

void dk_take_data_type(dk_args *args) {
    take_u64(args, DK_TYPE_DATA_TYPE, DK_TYPE_DATA_TYPE);
}

void dk_take_device(dk_args *args) {
    /* Device type 1 is the CPU; the upper half is the number of the device. */
    uint64_t device = take_u64(args, DK_TYPE_DEVICE, DK_TYPE_DEVICE);
    if (args->fault == NULL && device != 1) {
        args->taken--;
        args->fault = "only the device cpu(0) exists, in argument ";
    }
}

void dk_take_stream(dk_args *args) {
    if (dk_args_next_type(args) == DK_TYPE_NULL) {
        dk_take_null(args);
    } else {
        dk_take_handle(args, DK_TYPE_OPAQUE_HANDLE);
    }
}

void dk_take_tensor(dk_args *args, dk_tensor *tensor) {
    memset(tensor, 0, sizeof *tensor);
    if (step(args, DK_TYPE_DLTENSOR, DK_TYPE_DLTENSOR)) {
        dk_read_tensor(&args->values, tensor);
        note_end(args);
    }
}

int dk_args_done(dk_server *server, const dk_args *args) {
    if (args->fault == too_few) {
        return dk_fail_number(server, too_few, (int32_t)args->count);
    }
    if (args->fault != NULL) {
        return dk_fail_number(server, args->fault, (int32_t)args->taken);
    }
    if (args->taken != args->count) {
        return dk_fail_number(server, "too many arguments: ", (int32_t)args->count);
    }
    return DK_OK;
}
