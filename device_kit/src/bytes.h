/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers at any address, on hosts of either byte order. */
#ifndef DEVICE_KIT_SRC_BYTES_H_
#define DEVICE_KIT_SRC_BYTES_H_

#include <stdint.h>

uint16_t dk_load_u16(const uint8_t *from);
uint32_t dk_load_u32(const uint8_t *from);
uint64_t dk_load_u64(const uint8_t *from);

void dk_store_u16(uint8_t *to, uint16_t value);
void dk_store_u32(uint8_t *to, uint32_t value);
void dk_store_u64(uint8_t *to, uint64_t value);

#endif
