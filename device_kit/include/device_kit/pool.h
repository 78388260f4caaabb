/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed memory pool: first fit, neighbours merged on free, a record in front of each block. */
#ifndef DEVICE_KIT_POOL_H_
#define DEVICE_KIT_POOL_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/model.h"
#include "device_kit/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a block of `n` bytes takes from the pool, its record and alignment included. */
#define DK_POOL_BLOCK_BYTES(n)                                                                     \
    (DK_ALIGNMENT + (((n) + DK_ALIGNMENT - 1) / DK_ALIGNMENT) * DK_ALIGNMENT)

enum dk_pool_owner {
    DK_OWNER_EXECUTOR = 1, /* inputs and outputs: live until the executor is made anew */
    DK_OWNER_REMOTE = 2,   /* what the host allocated: until it frees it or the session ends */
    DK_OWNER_RUNTIME = 3   /* pointers to the above: never found by an address, so never a tensor */
};

typedef struct dk_pool {
    const dk_platform *platform; /* its fatal() is called when the records are damaged */
    uint8_t *base;
    uint32_t size;
    uint32_t used;       /* bytes in blocks given out, records included */
    uint32_t high_water; /* the largest `used` so far */
} dk_pool;

/* `memory` needs no alignment; what is lost to align it is not counted in `size`. At most 2 GiB. */
int dk_pool_init(dk_pool *pool, const dk_platform *platform, uint8_t *memory, size_t bytes);

/* A block of at least `bytes` bytes aligned to DK_ALIGNMENT, filled with zeros; NULL when no free
 * block is large enough. */
void *dk_pool_allocate(dk_pool *pool, uint32_t bytes, enum dk_pool_owner owner);

/* Returns the block that starts at `address` (as it travels on the wire: 64 bits on every device)
 * and in *bytes how many were asked for; NULL when no such block is given out. Never reads from
 * `address`. `owner` 0 stands for executor or remote. */
void *dk_pool_find(dk_pool *pool, uint64_t address, int owner, uint32_t *bytes);

int dk_pool_free(dk_pool *pool, void *block);

/* Frees all blocks of one owner. */
void dk_pool_free_all(dk_pool *pool, enum dk_pool_owner owner);

/* Bytes of the largest block that could be given out now. */
uint32_t dk_pool_largest_free(dk_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
