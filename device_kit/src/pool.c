/* SPDX-License-Identifier: Apache-2.0 */
#include "device_kit/pool.h"

#include <string.h>

#include "device_kit/error.h"

/* The pool is a row of blocks without gaps, each behind one record. The sizes lead from record to
 * record, so a walk meets every block and never trusts an address that came from outside. */
typedef struct record {
    uint32_t size;   /* of the whole block, this record included; a multiple of DK_ALIGNMENT */
    uint32_t asked;  /* bytes that were asked for */
    uint32_t owner;  /* 0: free */
    uint32_t marker; /* tells a record from what a kernel may have written over it */
} record;

enum { RECORD_BYTES = DK_ALIGNMENT, MARKER = 0x6b645f70 };

_Static_assert(sizeof(record) == RECORD_BYTES, "a record keeps its block aligned");

/* The record at `offset`. */
static record *record_at(dk_pool *pool, uint32_t offset) {
    record *here = (record *)(void *)(pool->base + offset);
    if (here->marker != MARKER || here->size < RECORD_BYTES || here->size % DK_ALIGNMENT != 0 ||
        here->size > pool->size - offset) {
        pool->platform->fatal(pool->platform->context, DK_ERROR_POOL_DAMAGED);
    }
    return here;
}

static void write_record(dk_pool *pool, uint32_t offset, uint32_t size, uint32_t asked,
                         uint32_t owner) {
    record *here = (record *)(void *)(pool->base + offset);
    here->size = size;
    here->asked = asked;
    here->owner = owner;
    here->marker = MARKER;
}

int dk_pool_init(dk_pool *pool, const dk_platform *platform, uint8_t *memory, size_t bytes) {
    size_t lost = (size_t)(-(uintptr_t)memory % DK_ALIGNMENT);
    if (bytes < lost + RECORD_BYTES) {
        return DK_ERROR_CONFIG;
    }
    size_t size = (bytes - lost) / DK_ALIGNMENT * DK_ALIGNMENT;
#if SIZE_MAX > INT32_MAX /* not on AVR */
    if (size > INT32_MAX) {
        return DK_ERROR_CONFIG;
    }
#endif
    pool->platform = platform;
    pool->base = memory + lost;
    pool->size = (uint32_t)size;
    pool->used = 0;
    pool->high_water = 0;
    write_record(pool, 0, pool->size, 0, 0);
    return DK_OK;
}

void *dk_pool_allocate(dk_pool *pool, uint32_t bytes, enum dk_pool_owner owner) {
    if (bytes > pool->size - RECORD_BYTES) {
        return NULL;
    }
    uint32_t need = (uint32_t)DK_POOL_BLOCK_BYTES(bytes);
    for (uint32_t offset = 0; offset < pool->size;) {
        record *here = record_at(pool, offset);
        if (here->owner == 0 && here->size >= need) {
            if (here->size > need) {
                write_record(pool, offset + need, here->size - need, 0, 0);
            }
            write_record(pool, offset, need, bytes, owner);
            pool->used += need;
            if (pool->used > pool->high_water) {
                pool->high_water = pool->used;
            }
            return memset(pool->base + offset + RECORD_BYTES, 0, need - RECORD_BYTES);
        }
        offset += here->size;
    }
    return NULL;
}

void *dk_pool_find(dk_pool *pool, uint64_t address, int owner, uint32_t *bytes) {
    for (uint32_t offset = 0; offset < pool->size;) {
        record *here = record_at(pool, offset);
        uint8_t *block = pool->base + offset + RECORD_BYTES;
        if ((uint64_t)(uintptr_t)block == address && here->owner != 0 &&
            here->owner != DK_OWNER_RUNTIME && (owner == 0 || here->owner == (uint32_t)owner)) {
            *bytes = here->asked;
            return block;
        }
        offset += here->size;
    }
    return NULL;
}

static void merge_free_neighbours(dk_pool *pool) {
    for (uint32_t offset = 0; offset < pool->size;) {
        record *here = record_at(pool, offset);
        uint32_t next = offset + here->size;
        if (here->owner == 0 && next < pool->size && record_at(pool, next)->owner == 0) {
            here->size += record_at(pool, next)->size;
        } else {
            offset = next;
        }
    }
}

int dk_pool_free(dk_pool *pool, void *block) {
    uint32_t bytes;
    if (dk_pool_find(pool, (uint64_t)(uintptr_t)block, 0, &bytes) == NULL) {
        return DK_ERROR_BAD_POINTER;
    }
    record *here = record_at(pool, (uint32_t)((uint8_t *)block - pool->base) - RECORD_BYTES);
    here->owner = 0;
    pool->used -= here->size;
    merge_free_neighbours(pool);
    return DK_OK;
}

void dk_pool_free_all(dk_pool *pool, enum dk_pool_owner owner) {
    for (uint32_t offset = 0; offset < pool->size;) {
        record *here = record_at(pool, offset);
        if (here->owner == (uint32_t)owner) {
            here->owner = 0;
            pool->used -= here->size;
        }
        offset += here->size;
    }
    merge_free_neighbours(pool);
}

uint32_t dk_pool_largest_free(dk_pool *pool) {
    uint32_t largest = 0;
    for (uint32_t offset = 0; offset < pool->size;) {
        record *here = record_at(pool, offset);
        if (here->owner == 0 && here->size - RECORD_BYTES > largest) {
            largest = here->size - RECORD_BYTES;
        }
        offset += here->size;
    }
    return largest;
}
