/* SPDX-License-Identifier: Apache-2.0 */
/* Buffer sizes, from the board's RAM as its devicetree states it. */
#ifndef SIZES_H_
#define SIZES_H_

#include "zephyr_headers.h"

#if DT_HAS_CHOSEN(zephyr_sram)
#define RAM_BYTES ((size_t)DT_REG_SIZE(DT_CHOSEN(zephyr_sram)))
#else
#define RAM_BYTES ((size_t)64 * 1024 * 1024) /* the emulation of a board on the host */
#endif

/* The largest packet of the RPC wire: a thirty-second of the RAM, from 2 KiB, which every client
 * expects, to 16 KiB, since ring buffers of Zephyr end below 32 KiB. */
#define PACKET_BYTES (CLAMP(RAM_BYTES / 32, (size_t)2048, (size_t)16384))

/* What the host may allocate besides the model's inputs and outputs. */
#define SPARE_POOL_BYTES (POOL_HAS_SPARE ? MIN(RAM_BYTES / 8, (size_t)65536) : 0)

/* All that TVM's C runtime allocates from, for archives of TVM 0.8 to 0.18: what was asked for, or
 * half of the RAM up to 2 MiB, which TVM's own templates gave it. */
#define TVM_MEMORY_BYTES                                                                           \
    (TVM_WORKSPACE_BYTES > 0 ? (size_t)TVM_WORKSPACE_BYTES                                         \
                             : MIN(RAM_BYTES / 2, (size_t)2 * 1024 * 1024))

#endif
