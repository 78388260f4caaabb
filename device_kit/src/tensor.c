/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"
#include "internal.h"

/* Bytes of a tensor of this shape; sets the tensor's fault when that is not a size. */
static uint32_t shape_bytes(dk_tensor *tensor, const uint8_t *shape, uint32_t ndim) {
    uint32_t element_bits = (uint32_t)tensor->dtype.bits * tensor->dtype.lanes;
    if (element_bits == 0) {
        tensor->fault = "a data type needs bits and lanes";
        return 0;
    }
    uint64_t total = (element_bits + 7) / 8;
    for (uint32_t i = 0; i < ndim; ++i) {
        uint64_t extent = dk_load_u64(shape + (size_t)i * 8);
        if (extent > UINT32_MAX) {
            tensor->fault = "a shape has a negative or giant extent";
            return 0;
        }
        total *= extent;
        if (total > UINT32_MAX) {
            tensor->fault = "a shape is larger than any memory here";
            return 0;
        }
    }
    return (uint32_t)total;
}

void dk_read_tensor(dk_reader *reader, dk_tensor *tensor) {
    tensor->fault = NULL;
    tensor->data = dk_read_u64(reader);
    uint64_t device = dk_read_u64(reader);
    uint32_t ndim = dk_read_u32(reader);
    uint32_t dtype = dk_read_u32(reader);
    const uint8_t *shape = dk_read_bytes(reader, (uint64_t)ndim * 8);
    tensor->byte_offset = dk_read_u64(reader);
    tensor->dtype.code = (uint8_t)dtype;
    tensor->dtype.bits = (uint8_t)(dtype >> 8);
    tensor->dtype.lanes = (uint16_t)(dtype >> 16);
    tensor->nbytes = shape != NULL ? shape_bytes(tensor, shape, ndim) : 0;
    if (device != 1) {
        tensor->fault = "only the device cpu(0) exists";
    }
}

uint8_t *dk_tensor_bytes(dk_server *server, const dk_tensor *tensor, uint64_t offset,
                         uint64_t nbytes) {
    if (tensor->fault != NULL) {
        dk_fail(server, tensor->fault);
        return NULL;
    }
    uint32_t size;
    uint8_t *block = dk_pool_find(&server->pool, tensor->data, 0, &size);
    if (block == NULL) {
        dk_fail(server, "a tensor's data pointer is none that this device gave out");
        return NULL;
    }
    if (offset > size || nbytes > size - offset) {
        dk_fail_number(server, "beyond the end of a tensor, which is of bytes: ", (int32_t)size);
        return NULL;
    }
    return block + offset;
}
