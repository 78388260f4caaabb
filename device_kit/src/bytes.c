/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

uint16_t dk_load_u16(const uint8_t *from) {
    return (uint16_t)(from[0] | (from[1] << 8));
}

uint32_t dk_load_u32(const uint8_t *from) {
    return (uint32_t)dk_load_u16(from) | ((uint32_t)dk_load_u16(from + 2) << 16);
}

uint64_t dk_load_u64(const uint8_t *from) {
    return dk_load_u32(from) | ((uint64_t)dk_load_u32(from + 4) << 32);
}

void dk_store_u16(uint8_t *to, uint16_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

void dk_store_u32(uint8_t *to, uint32_t value) {
    dk_store_u16(to, (uint16_t)value);
    dk_store_u16(to + 2, (uint16_t)(value >> 16));
}

void dk_store_u64(uint8_t *to, uint64_t value) {
    dk_store_u32(to, (uint32_t)value);
    dk_store_u32(to + 4, (uint32_t)(value >> 32));
}
