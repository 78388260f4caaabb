/* SPDX-License-Identifier: Apache-2.0 */
/* The RPC server: what TVM 0.18's client and ours send, and what a hostile one might. */
#include "bench.h"

static bench b;

enum { FLOAT32 = 0x12002, INT8 = 0x10800 };

static void copy_to(uint64_t data, uint32_t dtype, uint32_t ndim, const int64_t *shape,
                    uint64_t offset, const void *bytes, uint32_t size) {
    request r = request_of(COPY_TO);
    put_u64(&r, data);
    put_u64(&r, 1);
    put_u32(&r, ndim);
    put_u32(&r, dtype);
    for (uint32_t i = 0; i < ndim; ++i) {
        put_u64(&r, (uint64_t)shape[i]);
    }
    put_u64(&r, offset);
    put_u64(&r, size);
    put_bytes(&r, bytes, size);
    const uint8_t *body = ask(&b, &r, RETURN);
    CHECK(get_u32(body) == 1 && get_u32(body + 4) == NIL && b.reply_bytes == 15 + 8);
}

static request copy_from_request(uint64_t data, uint32_t dtype, int extent, uint64_t offset,
                                 uint64_t size) {
    request r = request_of(COPY_FROM);
    put_tensor(&r, data, dtype, offset, 1, extent);
    put_u64(&r, size);
    return r;
}

static const uint8_t *copy_from(uint64_t data, uint64_t offset, uint32_t size) {
    request r = copy_from_request(data, INT8, (int)(offset + size), offset, size);
    const uint8_t *body = ask(&b, &r, COPY_ACK);
    CHECK(b.reply_bytes == 15 + size);
    return body;
}

static void free_handle(uint64_t handle, uint32_t type) {
    request r = request_of(FREE);
    put_types(&r, HANDLE, INT, -1);
    put_u64(&r, handle);
    put_u64(&r, type);
    ask(&b, &r, RETURN);
}

static void free_refused(uint64_t handle, uint32_t type) {
    request r = request_of(FREE);
    put_types(&r, HANDLE, INT, -1);
    put_u64(&r, handle);
    put_u64(&r, type);
    ask_refused(&b, &r, "not a handle of this type");
}

static void run(uint64_t function) {
    request r = call_of(function);
    put_types(&r, -1);
    const uint8_t *body = ask(&b, &r, RETURN);
    /* Two values: that it is null, and null. */
    CHECK(get_u32(body) == 2 && get_u32(body + 4) == INT && get_u32(body + 8) == NIL);
    CHECK(get_u64(body + 12) == NIL && b.reply_bytes == 15 + 20);
}

static uint64_t call_int(uint64_t function) {
    request r = call_of(function);
    put_types(&r, -1);
    const uint8_t *body = ask(&b, &r, RETURN);
    CHECK(get_u32(body) == 2 && get_u32(body + 4) == INT && get_u32(body + 8) == INT);
    CHECK(get_u64(body + 12) == INT);
    return get_u64(body + 20);
}

/* One inference as a client does it. */
static void infer(float first) {
    uint64_t executor = create_executor(&b);
    uint64_t array;
    uint64_t x = executor_tensor(&b, module_function(&b, executor, "get_input"), 0, &array);
    float values[4] = {first, 2, 3, 4};
    /* In two pieces, the second with a byte_offset. */
    copy_to(x, FLOAT32, 2, (int64_t[]){1, 4}, 0, values, 8);
    copy_to(x, FLOAT32, 2, (int64_t[]){1, 4}, 8, values + 2, 8);
    free_handle(array, NDARRAY);
    run(module_function(&b, executor, "run"));
    uint64_t y = executor_tensor(&b, module_function(&b, executor, "get_output"), 0, &array);
    float doubled[4];
    memcpy(doubled, copy_from(y, 0, 16), 16);
    CHECK(doubled[0] == 2 * first && doubled[3] == 8);
    CHECK(memcmp(copy_from(y, 12, 4), &doubled[3], 4) == 0);
}

static void test_inference(void) {
    bench_setup(&b);
    infer(1);
    /* The wire as SPEC.md has it, of the call of "run" (handle 5, generation 3, index 6). */
    request r = call_of(0x50000306);
    put_types(&r, -1);
    ask(&b, &r, RETURN);
    CHECK_BYTES(b.reply,
                "\x07\x43\x10"                      /* session header */
                "\x18\x00\x00\x00\x00\x00\x00\x00"  /* 24 bytes follow */
                "\x04\x00\x00\x00"                  /* kReturn */
                "\x02\x00\x00\x00"                  /* 2 values */
                "\x00\x00\x00\x00\x04\x00\x00\x00"  /* an int and a null */
                "\x04\x00\x00\x00\x00\x00\x00\x00", /* the int: type code of the null */
                35);
    CHECK(b.reply_bytes == 35);
}

static void test_get_input_reply_byte_by_byte(void) {
    bench_setup(&b);
    uint64_t executor = create_executor(&b);
    uint64_t get_input = module_function(&b, executor, "get_input");
    request r = call_of(get_input);
    put_types(&r, STR, -1);
    put_str(&r, "s:0/in");
    const uint8_t *body = ask(&b, &r, RETURN);
    request expected = {.size = 0};
    put_types(&expected, INT, TENSOR, HANDLE, -1);
    put_u64(&expected, NDARRAY);
    put_u64(&expected, (uint64_t)(uintptr_t)dk_executor_input(&b.server.executor, 1));
    put_u32(&expected, 1); /* cpu */
    put_u32(&expected, 0); /* 0 */
    put_u32(&expected, 2); /* ndim */
    put_bytes(&expected, "\x00\x08\x01\x00", 4);
    put_u64(&expected, 2);
    put_u64(&expected, 2);
    put_u64(&expected, 0); /* byte_offset */
    put_u64(&expected, 0x60000000 | b.server.executor_generation << 8 | 1);
    CHECK(b.reply_bytes == 15 + expected.size);
    CHECK_BYTES(body, expected.bytes, expected.size);
}

static void test_executor_functions(void) {
    bench_setup(&b);
    uint64_t executor = create_executor(&b);
    CHECK(call_int(module_function(&b, executor, "get_num_inputs")) == 2);
    CHECK(call_int(module_function(&b, executor, "get_num_outputs")) == 2);

    uint64_t index = module_function(&b, executor, "get_input_index");
    request r = call_of(index);
    put_types(&r, STR, -1);
    put_str(&r, "s:0/in");
    CHECK(get_u64(ask(&b, &r, RETURN) + 20) == 1);
    r = call_of(index);
    put_types(&r, STR, -1);
    put_str(&r, "nobody");
    ask_refused(&b, &r, "the model has no input named 'nobody'");

    uint64_t name = module_function(&b, executor, "get_input_name");
    r = call_of(name);
    put_types(&r, INT, -1);
    put_u64(&r, 1);
    const uint8_t *body = ask(&b, &r, RETURN);
    CHECK(get_u32(body + 8) == STR && get_u64(body + 12) == STR && get_u64(body + 20) == 6);
    CHECK_BYTES(body + 28, "s:0/in", 6);

    const char *functions[] = {"get_input", "get_output", "get_input_name"};
    for (int i = 0; i < 3; ++i) {
        const uint64_t bad[] = {2, 255, UINT32_MAX, 1ull << 32, (uint64_t)-1, 1ull << 63};
        for (int j = 0; j < 6; ++j) {
            r = call_of(module_function(&b, executor, functions[i]));
            put_types(&r, INT, -1);
            put_u64(&r, bad[j]);
            ask_refused(&b, &r, "numbered from 0 to below 2");
        }
        r = call_of(module_function(&b, executor, functions[i]));
        put_types(&r, -1);
        ask_refused(&b, &r, "too few arguments: 0");
        r = call_of(module_function(&b, executor, functions[i]));
        put_types(&r, FLOAT, -1);
        put_u64(&r, 0);
        ask_refused(&b, &r, "wrong type of argument 0");
    }
    r = call_of(module_function(&b, executor, "set_input"));
    put_types(&r, -1);
    ask_refused(&b, &r, "get_input");

    request lookup = call_of(global_function(&b, "tvm.rpc.server.ModuleGetFunction"));
    put_types(&lookup, MODULE, STR, INT, -1);
    put_u64(&lookup, executor);
    put_str(&lookup, "share_params");
    put_u64(&lookup, 0);
    CHECK(call_for_handle(&b, &lookup, NIL) == 0);
}

static void test_model_fails(void) {
    bench_setup(&b);
    uint64_t function = module_function(&b, create_executor(&b), "run");
    b.run_result = INT32_MIN;
    request r = call_of(function);
    put_types(&r, -1);
    ask_refused(&b, &r, "the model failed with error -2147483648");
    b.run_result = 0;
    run(function);
}

static void test_global_functions(void) {
    bench_setup(&b);
    CHECK(global_function(&b, "no such thing") == 0);
    CHECK(global_function(&b, "") == 0);
    CHECK(global_function(&b, "runtime.SystemLi") == 0);
    CHECK(global_function(&b, "runtime.SystemLibs") == 0);
    /* 512 bytes of buffer less framing and header. */
    CHECK(call_int(global_function(&b, "tvm.rpc.server.GetCRTMaxPacketSize")) == PACKET_BYTES - 11);
    CHECK(call_int(global_function(&b, "microtvm.max_packet_size")) == PACKET_BYTES - 11);
    /* TVM's client is told no more than it can take. */
    static uint8_t large[5000];
    bench_prepare(&b);
    b.config.packet_buffer = large;
    b.config.packet_buffer_size = sizeof large;
    bench_boot(&b);
    bench_connect(&b, 1);
    CHECK(call_int(global_function(&b, "tvm.rpc.server.GetCRTMaxPacketSize")) == 2048 - 11);
    CHECK(call_int(global_function(&b, "microtvm.max_packet_size")) == 5000 - 11);

    bench_setup(&b);
    const char *names[] = {"microtvm.reset", "tvm.testing.reset_server"};
    for (int i = 0; i < 2; ++i) {
        request r = call_of(global_function(&b, names[i]));
        put_types(&r, -1);
        ask_refused(&b, &r, "reset() failed: -5");
        CHECK(b.resets == i + 1);
    }
    b.platform.reset = NULL;
    CHECK(global_function(&b, "microtvm.reset") == 0);

    uint64_t data = allocate(&b, 8);
    request r = call_of(global_function(&b, "tvm.contrib.random.random_fill"));
    put_types(&r, TENSOR, -1);
    put_tensor(&r, data, INT8, 2, 1, 4);
    ask(&b, &r, RETURN);
    CHECK_BYTES(copy_from(data, 0, 8), "\0\0\x42\x42\x42\x42\0\0", 8);
}

static void test_system_library(void) {
    bench_setup(&b);
    uint64_t library = system_lib(&b);
    CHECK(system_lib(&b) == library);
    request lookup = call_of(global_function(&b, "tvm.rpc.server.ModuleGetFunction"));
    put_types(&lookup, MODULE, STR, BOOL, -1);
    put_u64(&lookup, library);
    put_str(&lookup, "tvmgen_default_run"); /* the model's name is "toy" */
    put_u64(&lookup, 1);
    CHECK(call_for_handle(&b, &lookup, NIL) == 0);

    uint64_t x = allocate(&b, 16);
    uint64_t s = allocate(&b, 4);
    uint64_t y = allocate(&b, 32);
    uint64_t same = allocate(&b, 4);
    copy_to(x, FLOAT32, 1, (int64_t[]){4}, 0, (float[]){1, 2, 3, 4}, 16);
    copy_to(s, INT8, 1, (int64_t[]){4}, 0, "abcd", 4);
    uint64_t function = module_function(&b, library, "tvmgen_toy___tvm_main__");
    CHECK(module_function(&b, library, "tvmgen_toy_run") == function);
    request r = call_of(function);
    put_types(&r, TENSOR, TENSOR, TENSOR, TENSOR, -1);
    put_tensor(&r, x, FLOAT32, 0, 2, 1, 4);
    put_tensor(&r, s, INT8, 0, 2, 2, 2);
    put_tensor(&r, y, FLOAT32, 16, 2, 1, 4);
    put_tensor(&r, same, INT8, 0, 2, 2, 2);
    ask(&b, &r, RETURN);
    CHECK(b.runs == 1);
    CHECK_BYTES(copy_from(y, 16, 16), ((float[]){2, 4, 6, 8}), 16);
    CHECK_BYTES(copy_from(same, 0, 4), "abcd", 4);

    /* What could make the model read or write elsewhere never reaches it. */
    struct {
        uint64_t data;
        uint32_t dtype;
        uint64_t offset;
        int extent;
        const char *why;
    } bad[] = {
        {x + 1, FLOAT32, 0, 4, "none that this device gave out"},
        {0, FLOAT32, 0, 4, "none that this device gave out"},
        {x, FLOAT32, 0, 5, "beyond the end of a tensor, which is of bytes: 16"},
        {x, FLOAT32, 16, 4, "beyond the end"},
        {y, FLOAT32, 8, 4, "wrong size, type or alignment of the tensor for 'x'"},
        {x, FLOAT32, 0, 3, "wrong size"},
        {x, 0x12000, 0, 4, "wrong size"},
        {x, 0x10800, 0, 16, "wrong size"},
        {x, FLOAT32, 0, -1, "negative"},
        {x, 0x10000, 0, 4, "needs bits and lanes"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        r = call_of(function);
        put_types(&r, TENSOR, TENSOR, TENSOR, TENSOR, -1);
        put_tensor(&r, bad[i].data, bad[i].dtype, bad[i].offset, 1, bad[i].extent);
        put_tensor(&r, s, INT8, 0, 2, 2, 2);
        put_tensor(&r, y, FLOAT32, 0, 2, 1, 4);
        put_tensor(&r, same, INT8, 0, 2, 2, 2);
        ask_refused(&b, &r, bad[i].why);
    }
    r = call_of(function);
    put_types(&r, TENSOR, -1);
    put_tensor(&r, x, FLOAT32, 0, 2, 1, 4);
    ask_refused(&b, &r, "too few arguments: 1");
    CHECK(b.runs == 1);
}

static void test_create_executor_refused(void) {
    bench_setup(&b);
    uint64_t library = system_lib(&b);
    uint64_t create = global_function(&b, "tvm.aot_executor.create");
    struct {
        uint64_t module;
        uint64_t device;
        const char *name;
        const char *why;
    } bad[] = {
        {library + 1, 1, "toy", "runtime.SystemLib"},
        {library ^ 0x100, 1, "toy", "runtime.SystemLib"},
        {create, 1, "toy", "runtime.SystemLib"},
        {0, 1, "toy", "runtime.SystemLib"},
        {library | 1ull << 40, 1, "toy", "runtime.SystemLib"},
        {library, 2, "toy", "only the device cpu(0) exists, in argument 1"},
        {library, 1ull << 32 | 1, "toy", "only the device cpu(0)"},
        {library, 1, "other", "no model named 'other'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        request r = call_of(create);
        put_types(&r, MODULE, DEVICE, STR, -1);
        put_u64(&r, bad[i].module);
        put_u64(&r, bad[i].device);
        put_str(&r, bad[i].name);
        ask_refused(&b, &r, bad[i].why);
    }
    /* Under the model's own name. */
    request r = call_of(create);
    put_types(&r, MODULE, DEVICE, STR, -1);
    put_u64(&r, library);
    put_u64(&r, 1);
    put_str(&r, "toy");
    call_for_handle(&b, &r, MODULE);

    bench_prepare(&b);
    b.config.pool_size = 128;
    bench_boot(&b);
    bench_connect(&b, 1);
    library = system_lib(&b);
    r = call_of(global_function(&b, "tvm.aot_executor.create"));
    put_types(&r, MODULE, DEVICE, STR, -1);
    put_u64(&r, library);
    put_u64(&r, 1);
    put_str(&r, "toy");
    ask_refused(&b, &r, "cannot hold the model's inputs and outputs");
    ask_refused(&b, &r, ", asked for: ");
}

static void test_stale_handles(void) {
    bench_setup(&b);
    uint64_t executor = create_executor(&b);
    uint64_t run_function = module_function(&b, executor, "run");
    uint64_t array;
    uint64_t x = executor_tensor(&b, module_function(&b, executor, "get_input"), 0, &array);

    /* A second executor replaces the first. */
    uint64_t second = create_executor(&b);
    CHECK(second != executor);
    request r = call_of(run_function);
    put_types(&r, -1);
    ask_refused(&b, &r, "a handle of another kind");
    r = call_of(global_function(&b, "tvm.rpc.server.ModuleGetFunction"));
    put_types(&r, MODULE, STR, BOOL, -1);
    put_u64(&r, executor);
    put_str(&r, "run");
    put_u64(&r, 0);
    ask_refused(&b, &r, "a handle of another kind");
    /* The garbage collector of the client comes late, and twice. */
    free_handle(executor, MODULE);
    free_handle(run_function, FUNC);
    free_handle(array, NDARRAY);
    free_handle(array, NDARRAY);
    run(module_function(&b, second, "run"));

    /* Freeing the live one makes it unusable; its tensors stay. */
    uint64_t second_run = module_function(&b, second, "run");
    free_handle(second, MODULE);
    r = call_of(second_run);
    put_types(&r, -1);
    ask_refused(&b, &r, "freed or replaced");
    copy_from(x, 0, 16);
    infer(3);

    /* In the next session all of it is refused. */
    uint64_t library = system_lib(&b);
    bench_connect(&b, 9);
    r = call_of(run_function);
    put_types(&r, -1);
    ask_refused(&b, &r, "a handle of another kind");
    free_refused(library, MODULE);
    free_refused(executor, MODULE);
    free_refused(array, NDARRAY);
    r = copy_from_request(x, INT8, 4, 0, 4);
    ask_refused(&b, &r, "none that this device gave out");
    infer(4);
}

static void test_invented_handles(void) {
    bench_setup(&b);
    create_executor(&b);
    const uint64_t invented[] = {
        0,          1,          0x1000,     0xffffffff, UINT64_MAX,
        1ull << 63, 0x80000000, 0x10000000, 0x00000100, 0x7fffff00,
        0x1ff00200, 0x1000020a, 0x50000308, 0x40000301, 1ull << 32 | 0x10000200,
        0x20000200, 0x60000300, 0x70000000,
    };
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; ++i) {
        request r = call_of(invented[i]);
        put_types(&r, -1);
        ask_refused(&b, &r, "a handle of another kind");
    }
    free_refused(0, MODULE);
    free_refused(0x10000200, MODULE); /* a function, freed as something else */
    free_refused(0x20000200, FUNC);
    free_refused(0x20000200, 8);
    free_refused(0x80000200, FUNC);
    free_refused(0x10000900, FUNC); /* a generation to come */
    infer(1);
}

/* The executor's table of pointers is in the pool, but is no tensor. Found by fuzzing. */
static void test_the_table_of_buffers_is_out_of_reach(void) {
    bench_setup(&b);
    uint64_t run_function = module_function(&b, create_executor(&b), "run");
    uint64_t table = (uint64_t)(uintptr_t)b.server.executor.buffers;
    request r = call_of(global_function(&b, "tvm.contrib.random.random_fill"));
    put_types(&r, TENSOR, -1);
    put_tensor(&r, table, INT8, 0, 1, 4);
    ask_refused(&b, &r, "none that this device gave out");
    r = request_of(FREE_DATA);
    put_types(&r, DEVICE, HANDLE, -1);
    put_u64(&r, 1);
    put_u64(&r, table);
    ask_refused(&b, &r, "not a pointer that this client allocated");
    run(run_function);
}

static void test_remote_memory(void) {
    bench_setup(&b);
    uint32_t stats[4];
    memory_stats(&b, stats);
    uint32_t size = stats[0];
    CHECK(size <= POOL_BYTES && size >= POOL_BYTES - 16 && stats[1] == 0 && stats[3] == size - 16);
    uint64_t a = allocate(&b, 100);
    CHECK(a % DK_ALIGNMENT == 0);
    memory_stats(&b, stats);
    CHECK(stats[1] == 128 && stats[2] == 128 && stats[3] == size - 128 - 16);
    CHECK_BYTES(copy_from(a, 0, 4), "\0\0\0\0", 4);

    request r = request_of(ALLOC_SCOPE);
    put_types(&r, TENSOR, NIL, -1);
    put_tensor(&r, 0, FLOAT32, 0, 3, 2, 3, 4);
    uint64_t scoped = get_u64(ask(&b, &r, RETURN) + 8);
    copy_from(scoped, 92, 4);
    r = copy_from_request(scoped, INT8, 4, 93, 4);
    ask_refused(&b, &r, "beyond the end of a tensor, which is of bytes: 96");
    r = request_of(ALLOC_SCOPE);
    put_types(&r, TENSOR, STR, -1);
    put_tensor(&r, 0, FLOAT32, 0, 0);
    put_str(&r, "global");
    CHECK(get_u64(ask(&b, &r, RETURN) + 8) != 0);
    r = request_of(ALLOC_SCOPE);
    put_types(&r, TENSOR, STR, -1);
    put_tensor(&r, 0, FLOAT32, 0, 0);
    put_str(&r, "texture");
    ask_refused(&b, &r, "no memory scope 'texture'");

    r = request_of(FREE_DATA);
    put_types(&r, DEVICE, HANDLE, -1);
    put_u64(&r, 1);
    put_u64(&r, a);
    ask(&b, &r, RETURN);
    ask_refused(&b, &r, "not a pointer that this client allocated");
    r = copy_from_request(a, INT8, 4, 0, 4);
    ask_refused(&b, &r, "none that this device gave out");

    /* The executor's tensors are not the client's to free. */
    uint64_t array;
    uint64_t x =
        executor_tensor(&b, module_function(&b, create_executor(&b), "get_input"), 0, &array);
    r = request_of(FREE_DATA);
    put_types(&r, DEVICE, HANDLE, -1);
    put_u64(&r, 1);
    put_u64(&r, x);
    ask_refused(&b, &r, "not a pointer that this client allocated");

    /* A session that ends gives everything back. */
    bench_connect(&b, 3);
    memory_stats(&b, stats);
    CHECK(stats[0] == size && stats[1] == 0 && stats[2] >= 128 && stats[3] == size - 16);
}

static void test_allocations_refused(void) {
    bench_setup(&b);
    const uint64_t sizes[] = {POOL_BYTES,   UINT32_MAX, UINT32_MAX + 1ull, INT64_MAX,
                              (uint64_t)-1, 1ull << 63, UINT32_MAX - 15,   UINT32_MAX - 30};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
        request r = request_of(ALLOC);
        put_types(&r, DEVICE, INT, INT, DTYPE, -1);
        put_u64(&r, 1);
        put_u64(&r, sizes[i]);
        put_u64(&r, 64);
        put_u64(&r, FLOAT32);
        char why[48];
        uint64_t shown = sizes[i] < UINT32_MAX ? sizes[i] : UINT32_MAX;
        snprintf(why, sizeof why, ", asked for: %u", (unsigned)shown);
        ask_refused(&b, &r, "out of memory; bytes in the pool's largest free block: ");
        ask_refused(&b, &r, why);
    }
    struct {
        int shape[3];
        const char *why;
    } shapes[] = {
        {{1024, 1024, 1024}, "larger than any memory"},
        {{-1, 1, 1}, "negative or giant"},
        {{65536, 65536, 0}, "larger than any memory"},
        {{1024, 1024, 4}, ", asked for: 16777216"},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; ++i) {
        request r = request_of(ALLOC_SCOPE);
        put_types(&r, TENSOR, NIL, -1);
        const int *s = shapes[i].shape;
        put_tensor(&r, 0, FLOAT32, 0, 3, s[0], s[1], s[2]);
        ask_refused(&b, &r, shapes[i].why);
    }
    infer(1);
}

static void test_copies_refused(void) {
    bench_setup(&b);
    uint64_t a = allocate(&b, 32);
    struct {
        uint64_t data;
        uint64_t offset;
        uint64_t size;
        const char *why;
    } bad[] = {
        {a, 0, 33, "beyond the end"},
        {a, 33, 0, "beyond the end"},
        {a, 32, 1, "beyond the end"},
        {a, UINT64_MAX, 1, "beyond the end"},
        {a, UINT64_MAX, 2, "beyond the end"},
        {a, 16, UINT64_MAX - 15, "beyond the end"},
        {a, 1ull << 32, 1, "beyond the end"},
        {a, 0, 1ull << 32, "beyond the end"},
        {a + 16, 0, 1, "none that this device gave out"},
        {a - 16, 0, 16, "none that this device gave out"},
        {a | 1ull << 63, 0, 1, "none that this device gave out"},
        {0, 0, 1, "none that this device gave out"},
        {(uint64_t)(uintptr_t)&b.server, 0, 1, "none that this device gave out"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        request r = copy_from_request(bad[i].data, INT8, 32, bad[i].offset, bad[i].size);
        ask_refused(&b, &r, bad[i].why);
        r.bytes[0] = COPY_TO;
        ask_refused(&b, &r, bad[i].why);
    }
    /* Fewer bytes than announced; not one of them is stored. */
    request r = copy_from_request(a, INT8, 32, 0, 8);
    r.bytes[0] = COPY_TO;
    put_bytes(&r, "1234567", 7);
    ask_refused(&b, &r, "fewer bytes than it copies");
    CHECK_BYTES(copy_from(a, 0, 4), "\0\0\0\0", 4);
    /* Another device; a giant number of dimensions. */
    r = copy_from_request(a, INT8, 32, 0, 8);
    r.bytes[4 + 8] = 2;
    ask_refused(&b, &r, "only the device cpu(0) exists");
    for (int i = 0; i < 3; ++i) {
        const uint32_t ndims[] = {UINT32_MAX, 0x20000001, 4};
        r = copy_from_request(a, INT8, 32, 0, 8);
        memcpy(r.bytes + 4 + 16, &ndims[i], 4);
        ask_refused(&b, &r, "the packet ends within its tensor");
    }
}

static request copy_among_request(uint64_t from, int from_extent, uint64_t from_offset, uint64_t to,
                                  int to_extent, uint64_t to_offset) {
    request r = request_of(COPY_AMONG);
    put_types(&r, TENSOR, TENSOR, HANDLE, -1);
    put_tensor(&r, from, INT8, from_offset, 1, from_extent);
    put_tensor(&r, to, INT8, to_offset, 1, to_extent);
    put_u64(&r, 0);
    return r;
}

static void test_copy_among_remote(void) {
    bench_setup(&b);
    uint64_t from = allocate(&b, 8);
    uint64_t to = allocate(&b, 12);
    copy_to(from, INT8, 1, (int64_t[]){8}, 0, "abcdefgh", 8);
    request r = copy_among_request(from, 4, 2, to, 4, 3);
    ask(&b, &r, RETURN);
    CHECK_BYTES(copy_from(to, 0, 8), "\0\0\0cdef\0", 8);
    r = copy_among_request(from, 8, 0, from, 8, 0);
    ask(&b, &r, RETURN);
    r = copy_among_request(from, 4, 0, from, 4, 4);
    ask(&b, &r, RETURN);
    CHECK_BYTES(copy_from(from, 0, 8), "abcdabcd", 8);
    r = copy_among_request(from, 4, 0, from, 4, 3);
    ask_refused(&b, &r, "onto a part of itself");
    r = copy_among_request(from, 8, 0, to, 7, 0);
    ask_refused(&b, &r, "two tensors of one size");
    r = copy_among_request(from, 9, 0, to, 9, 0);
    ask_refused(&b, &r, "beyond the end");
    r = copy_among_request(from, 8, 0, to, 8, 5);
    ask_refused(&b, &r, "beyond the end");
    r = copy_among_request(1, 8, 0, to, 8, 0);
    ask_refused(&b, &r, "none that this device gave out");
}

static void test_streams_and_other_system_calls(void) {
    bench_setup(&b);
    const uint32_t codes[] = {SYNC, FREE_STREAM, SET_STREAM};
    for (int i = 0; i < 3; ++i) {
        request r = request_of(codes[i]);
        put_types(&r, DEVICE, HANDLE, -1);
        put_u64(&r, 1);
        put_u64(&r, 0);
        ask(&b, &r, RETURN);
    }
    request r = request_of(SYNC);
    put_types(&r, DEVICE, NIL, -1);
    put_u64(&r, 1);
    ask(&b, &r, RETURN);
    r = request_of(CREATE_STREAM);
    put_types(&r, DEVICE, -1);
    put_u64(&r, 1);
    CHECK(get_u64(ask(&b, &r, RETURN) + 8) == 0);
    r = request_of(SET_DEVICE);
    put_types(&r, DEVICE, -1);
    put_u64(&r, 1);
    ask_refused(&b, &r, "SetDevice not supported");
    r = request_of(GET_ATTR);
    put_types(&r, DEVICE, INT, -1);
    put_u64(&r, 1);
    put_u64(&r, 0);
    ask_refused(&b, &r, "GetAttr not supported");
    const uint32_t unknown[] = {0, RETURN, EXCEPTION, COPY_ACK, GET_STREAM, 22, 0x7fffffff};
    for (int i = 0; i < 7; ++i) {
        r = request_of(unknown[i]);
        put_types(&r, -1);
        ask_refused(&b, &r, "unknown RPC code ");
    }
    r = request_of(UINT32_MAX);
    ask_refused(&b, &r, "unknown RPC code -1");
}

static void test_init_server(void) {
    bench_setup(&b);
    request r = request_of(INIT_SERVER);
    put_str(&r, "0.8.0");
    put_types(&r, -1);
    ask(&b, &r, RETURN);
    r = request_of(INIT_SERVER);
    put_str(&r, "0.8.0");
    put_types(&r, STR, -1);
    put_str(&r, "rpc.Constructor");
    ask_refused(&b, &r, "too many arguments");
    r = request_of(INIT_SERVER);
    put_u64(&r, UINT64_MAX);
    ask_refused(&b, &r, "the packet ends");
}

/* A good request, cut at every byte, with a length that says so and with one that lies. */
static void test_truncated_packets(void) {
    bench_setup(&b);
    uint64_t data = allocate(&b, 16);
    request whole[8];
    int count = 0;
    whole[count] = request_of(GET_GLOBAL);
    put_types(&whole[count], STR, -1);
    put_str(&whole[count++], "runtime.SystemLib");
    whole[count] = copy_from_request(data, INT8, 16, 0, 4);
    whole[count].bytes[0] = COPY_TO;
    put_bytes(&whole[count++], "abcd", 4);
    whole[count++] = copy_from_request(data, INT8, 16, 0, 4);
    whole[count++] = copy_among_request(data, 4, 0, data, 4, 4);
    whole[count] = call_of(global_function(&b, "tvm.aot_executor.create"));
    put_types(&whole[count], MODULE, DEVICE, STR, -1);
    put_u64(&whole[count], system_lib(&b));
    put_u64(&whole[count], 1);
    put_str(&whole[count++], "toy");
    whole[count] = request_of(FREE);
    put_types(&whole[count], HANDLE, INT, -1);
    put_u64(&whole[count], system_lib(&b));
    put_u64(&whole[count++], MODULE);
    whole[count] = request_of(ALLOC);
    put_types(&whole[count], DEVICE, INT, INT, DTYPE, -1);
    put_u64(&whole[count], 1);
    put_u64(&whole[count], 4);
    put_u64(&whole[count], 4);
    put_u64(&whole[count++], INT8);
    whole[count] = request_of(INIT_SERVER);
    put_str(&whole[count], "0.8.0");
    put_types(&whole[count++], -1);
    for (int i = 0; i < count; ++i) {
        ask(&b, &whole[i], whole[i].bytes[0] == COPY_FROM ? COPY_ACK : RETURN);
        for (size_t size = 1; size < whole[i].size; ++size) {
            request cut = whole[i];
            cut.size = size;
            ask_refused(&b, &cut, "");
        }
        /* Bytes behind the arguments are nobody's. */
        request more = whole[i];
        put_u64(&more, 1);
        ask(&b, &more, whole[i].bytes[0] == COPY_FROM ? COPY_ACK : RETURN);
    }
    /* A length of 0 asks for nothing. */
    request r = {.size = 0};
    CHECK(host_send(&b, &r) == DK_OK);
    CHECK(b.wire_bytes == 0);
    /* A message too short for its length, and a length too long for its message. */
    uint8_t header[] = {
        (uint8_t)b.session_id, (uint8_t)(b.session_id >> 8), 0x10, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
    for (size_t size = 3; size <= sizeof header; ++size) {
        CHECK(host_send_payload(&b, header, size) == DK_OK);
        host_receive(&b);
        CHECK(strstr((const char *)b.reply + 31, "shorter than its length says") != NULL);
        memset(b.reply, 0, sizeof b.reply);
    }
    infer(1);
}

static void test_wrong_arguments(void) {
    bench_setup(&b);
    request r = request_of(GET_GLOBAL);
    put_types(&r, INT, -1);
    put_u64(&r, 1);
    ask_refused(&b, &r, "wrong type of argument 0");
    r = request_of(GET_GLOBAL);
    put_types(&r, STR, INT, -1);
    put_str(&r, "x");
    put_u64(&r, 1);
    ask_refused(&b, &r, "too many arguments: 2");
    r = request_of(GET_GLOBAL);
    put_u32(&r, UINT32_MAX); /* arguments */
    put_u32(&r, STR);
    ask_refused(&b, &r, "the packet ends");
    r = request_of(GET_GLOBAL);
    put_types(&r, STR, -1);
    put_u64(&r, UINT64_MAX); /* bytes of text */
    ask_refused(&b, &r, "the packet ends within argument 0");
    r = call_of(global_function(&b, "runtime.SystemLib"));
    put_types(&r, INT, -1);
    put_u64(&r, 1);
    ask_refused(&b, &r, "too many arguments: 1");
    r = request_of(CALL);
    ask_refused(&b, &r, "the packet ends within argument");
}

/* Longer than the buffer: dropped, answered, forgotten. */
static void test_oversize_message(void) {
    bench_setup(&b);
    uint64_t data = allocate(&b, 600);
    request r = copy_from_request(data, INT8, 600, 0, 600);
    r.bytes[0] = COPY_TO;
    static uint8_t zeros[600];
    put_bytes(&r, zeros, sizeof zeros);
    ask_refused(&b, &r, "larger than the device's packet buffer of 512");
    /* The largest that fits: header, length, code, tensor of 1 dimension, size, then data. */
    r = copy_from_request(data, INT8, 600, 0, 512 - 11 - 52);
    r.bytes[0] = COPY_TO;
    put_bytes(&r, zeros, 512 - 11 - 52);
    CHECK(r.size == 512 - 11);
    ask(&b, &r, RETURN);
    /* An answer may be larger than the buffer. */
    copy_from(data, 0, 600);
    infer(1);
}

static void test_shutdown(void) {
    bench_setup(&b);
    allocate(&b, 100);
    request r = request_of(SHUTDOWN);
    CHECK(host_send(&b, &r) == DK_SHUTDOWN);
    CHECK(b.wire_bytes == 0);
    CHECK(host_send(&b, &r) == DK_OK); /* there is no session any more */
    uint32_t stats[4];
    bench_connect(&b, 8);
    memory_stats(&b, stats);
    CHECK(stats[1] == 0);
    infer(2);
}

static void test_many_sessions(void) {
    bench_setup(&b);
    for (int i = 0; i < 1000; ++i) {
        bench_connect(&b, (uint8_t)(1 + i % 255));
        infer((float)i);
    }
}

/* More generations than a handle holds. */
static void test_generations_wrap(void) {
    bench_setup(&b);
    b.server.generation = 0xffffd;
    uint64_t old_library = system_lib(&b);
    for (int i = 0; i < 6; ++i) {
        infer(1);
        uint64_t executor = create_executor(&b);
        free_handle(executor, MODULE);
    }
    CHECK(b.server.generation < 100);
    free_handle(old_library, MODULE);
    bench_connect(&b, 3);
    infer(1);
    free_refused(old_library, MODULE);
}

static void test_broken_packets_are_skipped(void) {
    bench_setup(&b);
    CHECK(dk_server_receive(&b.server, (const uint8_t *)"\xff\xfd\x05\x00\x00\x00", 6) == DK_OK);
    CHECK(dk_server_receive(&b.server, (const uint8_t *)"12345\x00\x00", 7) == DK_OK);
    CHECK(b.wire_bytes == 0);
    infer(1);
}

int main(void) {
    test_inference();
    test_get_input_reply_byte_by_byte();
    test_executor_functions();
    test_model_fails();
    test_global_functions();
    test_system_library();
    test_create_executor_refused();
    test_stale_handles();
    test_invented_handles();
    test_the_table_of_buffers_is_out_of_reach();
    test_remote_memory();
    test_allocations_refused();
    test_copies_refused();
    test_copy_among_remote();
    test_streams_and_other_system_calls();
    test_init_server();
    test_truncated_packets();
    test_wrong_arguments();
    test_oversize_message();
    test_shutdown();
    test_many_sessions();
    test_generations_wrap();
    test_broken_packets_are_skipped();
    return 0;
}
