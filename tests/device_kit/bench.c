/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdarg.h>

bench *the_bench;
uint8_t bench_packet[PACKET_BYTES];
uint8_t bench_pool[POOL_BYTES];

/* The platform. */

static int bench_write(void *context, const uint8_t *data, size_t size) {
    bench *b = context;
    b->writes++;
    if (b->write_logs) {
        b->log_result = dk_server_log(&b->server, "no", 2);
    }
    if (b->write_fails) {
        return -1;
    }
    CHECK(b->wire_bytes + size <= sizeof b->wire);
    memcpy(b->wire + b->wire_bytes, data, size);
    b->wire_bytes += size;
    return 0;
}

static int bench_random(void *context, uint8_t *data, size_t size) {
    bench *b = context;
    memset(data, b->random_byte, size);
    return b->hook_result;
}

static uint64_t bench_time_ns(void *context) {
    return ((bench *)context)->now_ns;
}

static int bench_before(void *context) {
    bench *b = context;
    b->before++;
    b->now_ns += 1000000; /* must not be in the result */
    return b->hook_result;
}

static int bench_after(void *context) {
    bench *b = context;
    b->after++;
    b->now_ns += 1000000;
    return 0;
}

static int bench_sleep(void *context, uint32_t ms) {
    bench *b = context;
    b->sleeps++;
    b->slept_ms += ms;
    return 0;
}

static int bench_reset(void *context) {
    ((bench *)context)->resets++;
    return -5;
}

static void bench_fatal(void *context, int error) {
    ((bench *)context)->fatal_error = error;
    printf("fatal error %d\n", error);
    exit(2);
}

/* The model. */

static int32_t bench_run(void *const *inputs, void *const *outputs) {
    const float *x = inputs[0];
    float *doubled = outputs[0];
    for (int i = 0; i < 4; ++i) {
        doubled[i] = 2 * x[i];
    }
    memcpy(outputs[1], inputs[1], 4);
    the_bench->runs++;
    the_bench->now_ns += the_bench->run_ns;
    return the_bench->run_result;
}

static const int64_t shape_x[] = {1, 4};
static const int64_t shape_s[] = {2, 2};
static const dk_tensor_info bench_inputs[] = {
    {"x", shape_x, 2, {2, 32, 1}, 16},
    {"s:0/in", shape_s, 2, {0, 8, 1}, 4},
};
static const dk_tensor_info bench_outputs[] = {
    {"doubled", shape_x, 2, {2, 32, 1}, 16},
    {"same", shape_s, 2, {0, 8, 1}, 4},
};
const dk_model bench_model = {"toy", bench_inputs, 2,   bench_outputs, 2, bench_run, 0,
                              0,     NULL,         NULL};

/* Requests. */

void put_bytes(request *r, const void *data, size_t size) {
    CHECK(r->size + size <= sizeof r->bytes);
    memcpy(r->bytes + r->size, data, size);
    r->size += size;
}

void put_u8(request *r, uint8_t value) {
    put_bytes(r, &value, 1);
}

void put_u32(request *r, uint32_t value) {
    for (int i = 0; i < 4; ++i) {
        put_u8(r, (uint8_t)(value >> 8 * i));
    }
}

void put_u64(request *r, uint64_t value) {
    put_u32(r, (uint32_t)value);
    put_u32(r, (uint32_t)(value >> 32));
}

void put_str(request *r, const char *text) {
    put_u64(r, strlen(text));
    put_bytes(r, text, strlen(text));
}

void put_types(request *r, ...) {
    va_list list;
    uint32_t count = 0;
    va_start(list, r);
    while (va_arg(list, int) >= 0) {
        count++;
    }
    va_end(list);
    put_u32(r, count);
    va_start(list, r);
    for (uint32_t i = 0; i < count; ++i) {
        put_u32(r, (uint32_t)va_arg(list, int));
    }
    va_end(list);
}

void put_tensor(request *r, uint64_t data, uint32_t bits_code, uint64_t byte_offset, int ndim,
                ...) {
    put_u64(r, data);
    put_u32(r, 1); /* cpu */
    put_u32(r, 0);
    put_u32(r, (uint32_t)ndim);
    put_u32(r, bits_code);
    va_list list;
    va_start(list, ndim);
    for (int i = 0; i < ndim; ++i) {
        put_u64(r, (uint64_t)va_arg(list, int));
    }
    va_end(list);
    put_u64(r, byte_offset);
}

request request_of(uint32_t rpc_code) {
    request r = {.size = 0};
    put_u32(&r, rpc_code);
    return r;
}

request call_of(uint64_t function) {
    request r = request_of(CALL);
    put_u64(&r, function);
    return r;
}

/* The device. */

void bench_prepare(bench *b) {
    memset(b, 0, sizeof *b);
    the_bench = b;
    b->platform = (dk_platform){
        .context = b,
        .write = bench_write,
        .random = bench_random,
        .time_ns = bench_time_ns,
        .before_measurement = bench_before,
        .after_measurement = bench_after,
        .sleep_ms = bench_sleep,
        .reset = bench_reset,
        .fatal = bench_fatal,
    };
    b->config = (dk_config){
        .platform = &b->platform,
        .model = &bench_model,
        .packet_buffer = bench_packet,
        .packet_buffer_size = sizeof bench_packet,
        .pool = bench_pool,
        .pool_size = sizeof bench_pool,
    };
    b->random_byte = 0x42;
}

void bench_boot(bench *b) {
    CHECK(dk_server_init(&b->server, &b->config) == DK_OK);
    host_receive(b);
    CHECK(b->reply_bytes == 3 && b->reply[2] == 2);
}

void bench_connect(bench *b, uint8_t host_nonce) {
    uint8_t init[] = {host_nonce, 0, 0, 1};
    CHECK(host_send_payload(b, init, sizeof init) == DK_OK);
    host_receive(b);
    CHECK(b->reply_bytes == 4 && b->reply[0] == host_nonce && b->reply[1] != 0);
    CHECK(b->reply[2] == 1 && b->reply[3] == 1);
    b->session_id = (uint16_t)(b->reply[0] | b->reply[1] << 8);
}

void bench_setup(bench *b) {
    bench_prepare(b);
    bench_boot(b);
    bench_connect(b, 7);
}

/* The host. */

typedef struct frame {
    uint8_t bytes[2 * REQUEST_BYTES];
    size_t size;
} frame;

static int frame_write(void *context, const uint8_t *data, size_t size) {
    frame *f = context;
    CHECK(f->size + size <= sizeof f->bytes);
    memcpy(f->bytes + f->size, data, size);
    f->size += size;
    return 0;
}

int host_send_payload(bench *b, const void *payload, size_t size) {
    frame f = {.size = 0};
    dk_platform wire = {.context = &f, .write = frame_write};
    dk_framer framer;
    dk_framer_init(&framer, &wire);
    CHECK(dk_framer_start(&framer, (uint32_t)size) == DK_OK);
    dk_framer_put(&framer, payload, size);
    CHECK(dk_framer_finish(&framer) == DK_OK);
    return dk_server_receive(&b->server, f.bytes, f.size);
}

int host_send(bench *b, const request *r) {
    static uint8_t message[REQUEST_BYTES + 16];
    request head = {.size = 0};
    put_u8(&head, (uint8_t)b->session_id);
    put_u8(&head, (uint8_t)(b->session_id >> 8));
    put_u8(&head, 0x10);
    put_u64(&head, r->size);
    memcpy(message, head.bytes, head.size);
    memcpy(message + head.size, r->bytes, r->size);
    return host_send_payload(b, message, head.size + r->size);
}

void host_receive(bench *b) {
    dk_unframer unframer;
    dk_unframer_init(&unframer, b->reply, sizeof b->reply);
    size_t used;
    CHECK(dk_unframer_feed(&unframer, b->wire, b->wire_bytes, &used) == DK_FRAME_PACKET);
    CHECK(used == b->wire_bytes); /* one packet and nothing behind it */
    b->reply_bytes = unframer.length;
    b->wire_bytes = 0;
}

const uint8_t *ask(bench *b, const request *r, uint32_t expected_code) {
    CHECK(host_send(b, r) == DK_OK);
    host_receive(b);
    CHECK(b->reply_bytes >= 15);
    CHECK(b->reply[0] == (uint8_t)b->session_id && b->reply[1] == b->session_id >> 8);
    CHECK(b->reply[2] == 0x10);
    CHECK(get_u64(b->reply + 3) == b->reply_bytes - 11);
    if (get_u32(b->reply + 11) != expected_code) {
        b->reply[b->reply_bytes] = '\0';
        printf("answered by code %u, %s\n", (unsigned)get_u32(b->reply + 11),
               (const char *)b->reply + (b->reply_bytes > 31 ? 31 : 15));
    }
    CHECK(get_u32(b->reply + 11) == expected_code);
    return b->reply + 15;
}

void ask_refused(bench *b, const request *r, const char *text) {
    const uint8_t *body = ask(b, r, EXCEPTION);
    CHECK(get_u32(body) == 1 && get_u32(body + 4) == STR);
    uint64_t size = get_u64(body + 8);
    CHECK(size == b->reply_bytes - 15 - 16);
    b->reply[b->reply_bytes] = '\0';
    if (strstr((const char *)body + 16, text) == NULL) {
        printf("expected '%s', got '%s'\n", text, (const char *)body + 16);
    }
    CHECK(strstr((const char *)body + 16, text) != NULL);
}

uint32_t get_u32(const uint8_t *from) {
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

uint64_t get_u64(const uint8_t *from) {
    return get_u32(from) | (uint64_t)get_u32(from + 4) << 32;
}

/* Shorthands. */

uint64_t global_function(bench *b, const char *name) {
    request r = request_of(GET_GLOBAL);
    put_types(&r, STR, -1);
    put_str(&r, name);
    const uint8_t *body = ask(b, &r, RETURN);
    CHECK(get_u32(body) == 1 && get_u32(body + 4) == HANDLE);
    return get_u64(body + 8);
}

uint64_t call_for_handle(bench *b, const request *r, uint32_t type) {
    const uint8_t *body = ask(b, r, RETURN);
    CHECK(get_u32(body) == 2 && get_u32(body + 4) == INT);
    CHECK(get_u64(body + 12) == type);
    if (type == NIL) {
        CHECK(get_u32(body + 8) == NIL && b->reply_bytes == 15 + 20);
        return 0;
    }
    CHECK(get_u32(body + 8) == HANDLE && b->reply_bytes == 15 + 28);
    CHECK(get_u64(body + 20) != 0);
    return get_u64(body + 20);
}

uint64_t system_lib(bench *b) {
    request r = call_of(global_function(b, "runtime.SystemLib"));
    put_types(&r, -1);
    return call_for_handle(b, &r, MODULE);
}

uint64_t create_executor(bench *b) {
    uint64_t library = system_lib(b);
    request r = call_of(global_function(b, "tvm.aot_executor.create"));
    put_types(&r, MODULE, DEVICE, STR, -1);
    put_u64(&r, library);
    put_u64(&r, 1);
    put_str(&r, "default");
    return call_for_handle(b, &r, MODULE);
}

uint64_t module_function(bench *b, uint64_t module, const char *name) {
    request r = call_of(global_function(b, "tvm.rpc.server.ModuleGetFunction"));
    put_types(&r, MODULE, STR, BOOL, -1);
    put_u64(&r, module);
    put_str(&r, name);
    put_u64(&r, 1);
    return call_for_handle(b, &r, FUNC);
}

uint64_t allocate(bench *b, uint64_t nbytes) {
    request r = request_of(ALLOC);
    put_types(&r, DEVICE, INT, INT, DTYPE, -1);
    put_u64(&r, 1);
    put_u64(&r, nbytes);
    put_u64(&r, 64);
    put_u64(&r, 0x12002);
    const uint8_t *body = ask(b, &r, RETURN);
    CHECK(get_u32(body) == 1 && get_u32(body + 4) == HANDLE);
    return get_u64(body + 8);
}

uint64_t executor_tensor(bench *b, uint64_t function, uint32_t index, uint64_t *array) {
    request r = call_of(function);
    put_types(&r, INT, -1);
    put_u64(&r, index);
    const uint8_t *body = ask(b, &r, RETURN);
    CHECK(get_u32(body) == 3);
    CHECK(get_u32(body + 4) == INT && get_u32(body + 8) == TENSOR && get_u32(body + 12) == HANDLE);
    CHECK(get_u64(body + 16) == NDARRAY);
    *array = get_u64(b->reply + b->reply_bytes - 8);
    CHECK(*array != 0);
    return get_u64(body + 24);
}

void memory_stats(bench *b, uint32_t stats[4]) {
    request r = call_of(global_function(b, "microtvm.memory_stats"));
    put_types(&r, -1);
    const uint8_t *body = ask(b, &r, RETURN);
    CHECK(get_u32(body) == 2 && get_u32(body + 8) == BYTES && get_u64(body + 12) == BYTES);
    CHECK(get_u64(body + 20) == 16);
    for (int i = 0; i < 4; ++i) {
        stats[i] = get_u32(body + 28 + 4 * i);
    }
}
