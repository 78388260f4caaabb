/* SPDX-License-Identifier: Apache-2.0 */
/* The memory pool, and an executor on it without RPC. */
#include <setjmp.h>

#include "bench.h"

#define REMOTE   DK_OWNER_REMOTE
#define EXECUTOR DK_OWNER_EXECUTOR

static jmp_buf on_fatal;
static int fatal_error;

static void jump_out(void *context, int error) {
    (void)context;
    fatal_error = error;
    longjmp(on_fatal, 1);
}

static const dk_platform platform = {.fatal = jump_out};
static uint8_t memory[256 + 15];
static dk_pool pool;

static uint64_t address_of(const void *pointer) {
    return (uint64_t)(uintptr_t)pointer;
}

static void setup(size_t shift) {
    memset(memory, 0xa5, sizeof memory);
    /* `shift` bytes away from an aligned address, and room for 256 bytes of blocks. */
    size_t aligned = (size_t)(-(uintptr_t)memory % 16);
    CHECK(dk_pool_init(&pool, &platform, memory + (aligned + shift) % 16, 256) == DK_OK);
}

static void test_blocks(void) {
    for (size_t shift = 0; shift < 16; ++shift) {
        setup(shift);
        uint32_t size = pool.size;
        CHECK(size == (shift == 0 ? 256u : 240u) && dk_pool_largest_free(&pool) == size - 16);
        uint8_t *a = dk_pool_allocate(&pool, 1, REMOTE);
        uint8_t *b = dk_pool_allocate(&pool, 17, REMOTE);
        uint8_t *c = dk_pool_allocate(&pool, 0, REMOTE);
        CHECK(a != NULL && b == a + 32 && c == b + 48);
        CHECK((uintptr_t)a % 16 == 0 && (uintptr_t)c % 16 == 0);
        CHECK(pool.used ==
              DK_POOL_BLOCK_BYTES(1) + DK_POOL_BLOCK_BYTES(17) + DK_POOL_BLOCK_BYTES(0));
        CHECK(pool.used == 32 + 48 + 16);
        for (int i = 0; i < 32; ++i) {
            CHECK(b[i] == 0);
        }
        CHECK(dk_pool_largest_free(&pool) == size - pool.used - 16);
        /* All of the rest, and not a byte more. */
        CHECK(dk_pool_allocate(&pool, size - 96 - 16 + 1, REMOTE) == NULL);
        CHECK(dk_pool_allocate(&pool, size - 96 - 16, REMOTE) != NULL);
        CHECK(pool.used == size && dk_pool_largest_free(&pool) == 0);
        CHECK(dk_pool_allocate(&pool, 0, REMOTE) == NULL);
        CHECK(dk_pool_allocate(&pool, UINT32_MAX, REMOTE) == NULL);
    }
}

static void test_free_merges_and_high_water_stays(void) {
    setup(0);
    void *blocks[4];
    for (int i = 0; i < 4; ++i) {
        blocks[i] = dk_pool_allocate(&pool, 48, REMOTE);
        CHECK(blocks[i] != NULL);
    }
    CHECK(pool.used == 256 && pool.high_water == 256);
    CHECK(dk_pool_free(&pool, blocks[0]) == DK_OK);
    CHECK(dk_pool_free(&pool, blocks[2]) == DK_OK);
    CHECK(dk_pool_largest_free(&pool) == 48);
    CHECK(dk_pool_free(&pool, blocks[1]) == DK_OK);
    CHECK(dk_pool_largest_free(&pool) == 3 * 64 - 16);
    CHECK(dk_pool_allocate(&pool, 3 * 64 - 16, EXECUTOR) == blocks[0]);
    CHECK(dk_pool_free(&pool, blocks[3]) == DK_OK);
    CHECK(dk_pool_free(&pool, blocks[0]) == DK_OK);
    CHECK(pool.used == 0 && pool.high_water == 256 && dk_pool_largest_free(&pool) == 240);
}

static void test_only_live_blocks_are_found(void) {
    setup(0);
    uint32_t bytes = 0;
    uint8_t *a = dk_pool_allocate(&pool, 20, REMOTE);
    CHECK(dk_pool_find(&pool, address_of(a), 0, &bytes) == a && bytes == 20);
    CHECK(dk_pool_find(&pool, address_of(a), REMOTE, &bytes) == a);
    CHECK(dk_pool_find(&pool, address_of(a), EXECUTOR, &bytes) == NULL);
    const uint64_t strangers[] = {
        0,      1,          address_of(a) + 1,      address_of(a) + 16,         address_of(a) - 16,
        0xdead, UINT64_MAX, address_of(a) + 16 * 4, address_of(a) | 1ull << 63, address_of(&pool),
    };
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; ++i) {
        CHECK(dk_pool_find(&pool, strangers[i], 0, &bytes) == NULL);
    }
    CHECK(dk_pool_free(&pool, a + 16) == DK_ERROR_BAD_POINTER);
    CHECK(dk_pool_free(&pool, a) == DK_OK);
    CHECK(dk_pool_free(&pool, a) == DK_ERROR_BAD_POINTER);
    CHECK(dk_pool_free(&pool, NULL) == DK_ERROR_BAD_POINTER);
}

static void test_free_all_of_one_owner(void) {
    setup(0);
    void *kept = dk_pool_allocate(&pool, 16, EXECUTOR);
    CHECK(dk_pool_allocate(&pool, 16, REMOTE) != NULL);
    void *second = dk_pool_allocate(&pool, 16, EXECUTOR);
    CHECK(dk_pool_allocate(&pool, 16, REMOTE) != NULL);
    dk_pool_free_all(&pool, DK_OWNER_REMOTE);
    CHECK(pool.used == 64);
    uint32_t bytes;
    CHECK(dk_pool_find(&pool, address_of(kept), EXECUTOR, &bytes) == kept);
    CHECK(dk_pool_find(&pool, address_of(second), EXECUTOR, &bytes) == second);
    dk_pool_free_all(&pool, DK_OWNER_EXECUTOR);
    CHECK(pool.used == 0 && dk_pool_largest_free(&pool) == 240);
}

/* A kernel that writes behind its output is found at the next use of the pool. */
static void test_damage_is_fatal(void) {
    setup(0);
    uint8_t *a = dk_pool_allocate(&pool, 16, EXECUTOR);
    memset(a, 0x7f, 20);
    fatal_error = 0;
    if (setjmp(on_fatal) == 0) {
        dk_pool_largest_free(&pool);
        CHECK(!"the damage was not seen");
    }
    CHECK(fatal_error == DK_ERROR_POOL_DAMAGED);
}

/* Many allocations and frees of pseudo-random sizes; every block keeps its bytes to itself. */
static void test_random_use(void) {
    static uint8_t large[4096];
    CHECK(dk_pool_init(&pool, &platform, large, sizeof large) == DK_OK);
    uint8_t *blocks[16] = {NULL};
    uint32_t sizes[16] = {0};
    uint32_t seed = 1;
    for (int round = 0; round < 5000; ++round) {
        seed = seed * 1664525 + 1013904223;
        uint32_t slot = seed >> 28;
        if (blocks[slot] != NULL) {
            for (uint32_t i = 0; i < sizes[slot]; ++i) {
                CHECK(blocks[slot][i] == slot + 1);
            }
            CHECK(dk_pool_free(&pool, blocks[slot]) == DK_OK);
            blocks[slot] = NULL;
        } else {
            sizes[slot] = seed >> 8 & 0x1ff;
            blocks[slot] = dk_pool_allocate(&pool, sizes[slot], REMOTE);
            if (blocks[slot] != NULL) {
                memset(blocks[slot], (int)slot + 1, sizes[slot]);
            }
        }
    }
    CHECK(pool.high_water > 2048 && pool.high_water <= pool.size);
    dk_pool_free_all(&pool, DK_OWNER_REMOTE);
    CHECK(pool.used == 0 && dk_pool_largest_free(&pool) == pool.size - 16);
}

/* What a standalone project does. */
static void test_executor(void) {
    static bench b;
    bench_prepare(&b);
    dk_executor executor;
    const uint32_t need = (uint32_t)(DK_POOL_BLOCK_BYTES(4 * sizeof(void *)) +
                                     2 * DK_POOL_BLOCK_BYTES(16) + 2 * DK_POOL_BLOCK_BYTES(4));
    uint8_t *aligned = bench_pool + (-(uintptr_t)bench_pool % 16);
    CHECK(dk_pool_init(&pool, &platform, aligned, need - 16) == DK_OK);
    CHECK(dk_executor_create(&executor, &pool, &bench_model) == DK_ERROR_NO_MEMORY);
    CHECK(pool.used == 0);
    CHECK(dk_pool_init(&pool, &platform, aligned, need) == DK_OK);
    for (int again = 0; again < 2; ++again) {
        CHECK(dk_executor_create(&executor, &pool, &bench_model) == DK_OK);
        CHECK(pool.used == need);
        float *x = dk_executor_input(&executor, 0);
        CHECK(x[0] == 0 && (uintptr_t)x % DK_ALIGNMENT == 0);
        x[3] = 1.5f;
        memcpy(dk_executor_input(&executor, 1), "abcd", 4);
        CHECK(dk_executor_run(&executor) == 0);
        CHECK(((float *)dk_executor_output(&executor, 0))[3] == 3.0f);
        CHECK_BYTES(dk_executor_output(&executor, 1), "abcd", 4);
    }
    dk_executor_destroy(&executor);
    dk_executor_destroy(&executor);
    CHECK(pool.used == 0);
}

static _Alignas(DK_ALIGNMENT) uint8_t arena_bytes[64];

static void map_to_arena(void **inputs, void **outputs) {
    inputs[0] = arena_bytes;
    inputs[1] = arena_bytes + 16;
    outputs[0] = arena_bytes + 32;
    outputs[1] = arena_bytes + 48;
}

static void test_executor_in_arena(void) {
    dk_pool blocks;
    dk_executor executor;
    dk_model model = bench_model;
    model.map_io = map_to_arena;
    uint8_t *aligned = bench_pool + (-(uintptr_t)bench_pool % 16);
    const uint32_t table = DK_POOL_BLOCK_BYTES(4 * (uint32_t)sizeof(void *));
    CHECK(dk_pool_init(&blocks, &platform, aligned, table - 16) == DK_OK);
    CHECK(dk_executor_create_in_arena(&executor, &blocks, &model) == DK_ERROR_NO_MEMORY);
    CHECK(dk_pool_init(&blocks, &platform, aligned, table) == DK_OK);
    memset(arena_bytes, 113, sizeof arena_bytes);
    CHECK(dk_executor_create_in_arena(&executor, &blocks, &model) == DK_OK);
    CHECK(blocks.used == table && dk_executor_input(&executor, 0) == arena_bytes);
    float *x = dk_executor_input(&executor, 0);
    CHECK(x[0] == 0);
    x[3] = 1.5f;
    CHECK(dk_executor_run(&executor) == 0);
    CHECK(((float *)dk_executor_output(&executor, 0))[3] == 3.0f);
    CHECK(dk_executor_output(&executor, 1) == arena_bytes + 48);
    dk_executor_destroy(&executor);
    CHECK(blocks.used == 0);
    /* Buffers of its own, for whoever writes an input once and runs many times. */
    CHECK(dk_pool_init(&blocks, &platform, bench_pool, sizeof bench_pool) == DK_OK);
    CHECK(dk_executor_create(&executor, &blocks, &model) == DK_OK);
    CHECK(dk_executor_input(&executor, 0) != arena_bytes);
    /* And where the model has none in its arena. */
    CHECK(dk_executor_create_in_arena(&executor, &blocks, &bench_model) == DK_OK);
    CHECK(dk_executor_input(&executor, 0) != arena_bytes);
}

int main(void) {
    test_blocks();
    test_free_merges_and_high_water_stays();
    test_only_live_blocks_are_found();
    test_free_all_of_one_owner();
    test_damage_is_fatal();
    test_random_use();
    test_executor();
    test_executor_in_arena();
    return 0;
}
