/* SPDX-License-Identifier: Apache-2.0 */
/* A device on the bench: a dk_server on a platform whose wire, clock and random numbers the test
 * holds in its hands, and the host's end of the wire. */
#ifndef TESTS_DEVICE_KIT_BENCH_H_
#define TESTS_DEVICE_KIT_BENCH_H_

#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "device_kit/device_kit.h"

enum { WIRE_BYTES = 16384, REQUEST_BYTES = 2048, PACKET_BYTES = 512, POOL_BYTES = 1024 };

/* RPC codes and type codes, as numbers in the protocol. */
enum { SHUTDOWN = 1, INIT_SERVER, CALL, RETURN, EXCEPTION, COPY_FROM, COPY_TO, COPY_ACK };
enum { GET_GLOBAL = 9, FREE, SET_DEVICE, GET_ATTR, ALLOC, FREE_DATA, SYNC, COPY_AMONG };
enum { ALLOC_SCOPE = 17, CREATE_STREAM, FREE_STREAM, SET_STREAM, GET_STREAM };
enum { INT = 0, UINT = 1, FLOAT = 2, HANDLE = 3, NIL = 4, DTYPE = 5, DEVICE = 6, TENSOR = 7 };
enum { MODULE = 9, FUNC = 10, STR = 11, BYTES = 12, NDARRAY = 13, BOOL = 15 };

typedef struct bench {
    dk_server server;
    dk_config config;
    dk_platform platform;
    /* What the device wrote and the host has not read. */
    uint8_t wire[WIRE_BYTES];
    size_t wire_bytes;
    int writes;
    int write_fails;
    int write_logs; /* write() tries to log, which it must not */
    int log_result;
    uint8_t random_byte;
    /* The clock: what one run of the model takes, and what happened. */
    uint64_t now_ns;
    uint64_t run_ns;
    int runs;
    int32_t run_result;
    int before;
    int after;
    int hook_result;
    int sleeps;
    uint32_t slept_ms;
    int resets;
    int fatal_error;
    /* The host. */
    uint16_t session_id;
    uint8_t reply[WIRE_BYTES];
    size_t reply_bytes;
} bench;

/* The model under test: output = 2 * input on 4 floats "x", and "s" (2 x 2 int8) copied through. */
extern const dk_model bench_model;
extern bench *the_bench; /* the model's clock */

/* Apart from all else, so that the address sanitizer sees what goes beyond them. */
extern uint8_t bench_packet[PACKET_BYTES];
extern uint8_t bench_pool[POOL_BYTES];

/* A request that is being put together. */
typedef struct request {
    uint8_t bytes[REQUEST_BYTES];
    size_t size;
} request;

void put_bytes(request *r, const void *data, size_t size);
void put_u8(request *r, uint8_t value);
void put_u32(request *r, uint32_t value);
void put_u64(request *r, uint64_t value);
void put_str(request *r, const char *text);
/* Count and type codes of arguments, ended by -1. */
void put_types(request *r, ...);
void put_tensor(request *r, uint64_t data, uint32_t bits_code, uint64_t byte_offset, int ndim, ...);

request request_of(uint32_t rpc_code);
request call_of(uint64_t function);

/* Sets up the device without starting it; then starts it, and begins a session. */
void bench_prepare(bench *b);
void bench_boot(bench *b);
void bench_connect(bench *b, uint8_t host_nonce);
void bench_setup(bench *b);

/* Frames a payload and feeds it to the device; returns what dk_server_receive did. */
int host_send_payload(bench *b, const void *payload, size_t size);
/* The same for a request, behind session header and length. */
int host_send(bench *b, const request *r);
/* Reads the one packet that must be on the wire into `reply`. */
void host_receive(bench *b);

/* Sends a request, expects a reply of one RPC code, and returns what follows that code. */
const uint8_t *ask(bench *b, const request *r, uint32_t expected_code);
/* The same, for an exception that contains `text`. */
void ask_refused(bench *b, const request *r, const char *text);

uint32_t get_u32(const uint8_t *from);
uint64_t get_u64(const uint8_t *from);

/* Shorthands for what a client does all the time. */
uint64_t global_function(bench *b, const char *name);
uint64_t call_for_handle(bench *b, const request *r, uint32_t type);
uint64_t system_lib(bench *b);
uint64_t create_executor(bench *b);
uint64_t module_function(bench *b, uint64_t module, const char *name);
uint64_t allocate(bench *b, uint64_t nbytes);
/* The data pointer of get_input or get_output; the array's handle goes to *array. */
uint64_t executor_tensor(bench *b, uint64_t function, uint32_t index, uint64_t *array);
void memory_stats(bench *b, uint32_t stats[4]);

#endif
