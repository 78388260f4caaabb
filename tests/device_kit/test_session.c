/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, byte for byte as SPEC.md works them out. */
#include "bench.h"

static bench b;

static void expect_wire(const char *bytes, size_t size) {
    CHECK(b.wire_bytes == size);
    CHECK_BYTES(b.wire, bytes, size);
    b.wire_bytes = 0;
}

#define EXPECT_WIRE(bytes) expect_wire(bytes, sizeof(bytes) - 1)

#define SEND(bytes)                                                                                \
    CHECK(dk_server_receive(&b.server, (const uint8_t *)(bytes), sizeof(bytes) - 1) == 0)

static void test_start_of_a_device_and_of_a_session(void) {
    bench_prepare(&b);
    CHECK(dk_server_init(&b.server, &b.config) == DK_OK);
    EXPECT_WIRE("\xfe\xff\xfd\x03\x00\x00\x00\x00\x00\x02\x66\x77");
    /* The host: terminate, then init with nonce 7. The device's random byte is 42, so its first
     * nonce is 43. */
    SEND("\xfe\xff\xfd\x03\x00\x00\x00\x00\x00\x02\x66\x77");
    CHECK(b.wire_bytes == 0);
    SEND("\xff\xfd\x04\x00\x00\x00\x07\x00\x00\x01\x06\x88");
    EXPECT_WIRE("\xff\xfd\x04\x00\x00\x00\x07\x43\x01\x01\xca\xff\xff");
    /* A request for the global function "x", and the answer that there is none. */
    SEND("\xff\xfd\x20\x00\x00\x00\x07\x43\x10\x15\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00"
         "\x01\x00\x00\x00\x0b\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00x\x99\xb5");
    EXPECT_WIRE(
        "\xff\xfd\x1f\x00\x00\x00\x07\x43\x10\x14\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00"
        "\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc0\xf4");
}

static void test_log(void) {
    bench_prepare(&b);
    CHECK(dk_server_init(&b.server, &b.config) == DK_OK);
    b.wire_bytes = 0;
    CHECK(dk_server_log(&b.server, "hi", 2) == DK_OK);
    EXPECT_WIRE("\xff\xfd\x05\x00\x00\x00\x00\x00\x03hi\x1a\x8f");
    /* In a session the id of a log message stays 0. */
    bench_connect(&b, 7);
    CHECK(dk_server_log(&b.server, "hi", 2) == DK_OK);
    EXPECT_WIRE("\xff\xfd\x05\x00\x00\x00\x00\x00\x03hi\x1a\x8f");
    /* Nothing to say is not said: TVM's client stops receiving after an empty log message. */
    CHECK(dk_server_log(&b.server, "", 0) == DK_OK);
    CHECK(b.wire_bytes == 0);
}

static void test_long_log_is_split(void) {
    static char text[2000];
    memset(text, 'l', sizeof text);
    bench_setup(&b);
    CHECK(dk_server_log(&b.server, text, sizeof text) == DK_OK);
    uint8_t buffer[1100];
    dk_unframer unframer;
    dk_unframer_init(&unframer, buffer, sizeof buffer);
    size_t used;
    CHECK(dk_unframer_feed(&unframer, b.wire, b.wire_bytes, &used) == DK_FRAME_PACKET);
    CHECK(unframer.length == 3 + 1023);
    size_t rest;
    CHECK(dk_unframer_feed(&unframer, b.wire + used, b.wire_bytes - used, &rest) ==
          DK_FRAME_PACKET);
    CHECK(unframer.length == 3 + 2000 - 1023 && used + rest == b.wire_bytes);
}

static void test_log_from_within_write_is_refused(void) {
    bench_setup(&b);
    b.write_logs = 1;
    global_function(&b, "runtime.SystemLib"); /* also checks that the answer is intact */
    CHECK(b.log_result == DK_ERROR_BUSY);
}

static void test_packets_that_are_not_for_us(void) {
    bench_setup(&b);
    request r = request_of(GET_GLOBAL);
    put_types(&r, STR, -1);
    put_str(&r, "runtime.SystemLib");
    uint16_t id = b.session_id;
    b.session_id = (uint16_t)(id ^ 0x100);
    CHECK(host_send(&b, &r) == DK_OK); /* another session's message */
    b.session_id = id;
    uint8_t log[] = {0, 0, 3, 'x'};
    uint8_t reply[] = {7, 9, 1, 1};
    uint8_t unknown[] = {(uint8_t)id, (uint8_t)(id >> 8), 0x55, 0};
    uint8_t short_init[] = {9, 0, 0};
    uint8_t no_nonce[] = {0, 5, 0, 1};
    uint8_t stub[] = {1};
    CHECK(host_send_payload(&b, log, sizeof log) == DK_OK);
    CHECK(host_send_payload(&b, reply, sizeof reply) == DK_OK);
    CHECK(host_send_payload(&b, unknown, sizeof unknown) == DK_OK);
    CHECK(host_send_payload(&b, short_init, sizeof short_init) == DK_OK);
    CHECK(host_send_payload(&b, no_nonce, sizeof no_nonce) == DK_OK);
    CHECK(host_send_payload(&b, stub, sizeof stub) == DK_OK);
    CHECK(host_send_payload(&b, stub, 0) == DK_OK);
    CHECK(b.wire_bytes == 0);
    CHECK(global_function(&b, "runtime.SystemLib") != 0); /* and the session goes on */
}

static void test_terminate_ends_the_session(void) {
    bench_setup(&b);
    uint8_t terminate[] = {0, 0, 2};
    CHECK(host_send_payload(&b, terminate, sizeof terminate) == DK_OK);
    request r = request_of(GET_GLOBAL);
    put_types(&r, STR, -1);
    put_str(&r, "runtime.SystemLib");
    CHECK(host_send(&b, &r) == DK_OK);
    CHECK(b.wire_bytes == 0);
    bench_connect(&b, 9);
    CHECK(global_function(&b, "runtime.SystemLib") != 0);
}

/* A host that lost the reply starts again, and each session has an id of its own. */
static void test_start_again_without_terminate(void) {
    bench_setup(&b);
    uint16_t first = b.session_id;
    bench_connect(&b, 7);
    CHECK(b.session_id != first);
    CHECK(global_function(&b, "runtime.SystemLib") != 0);
}

static void test_nonce_is_never_zero(void) {
    bench_prepare(&b);
    b.random_byte = 0xfe;
    bench_boot(&b);
    bench_connect(&b, 7);
    CHECK(b.session_id >> 8 == 0xff);
    bench_connect(&b, 7);
    CHECK(b.session_id >> 8 == 0x01);
}

static void test_failures_of_the_platform(void) {
    bench_setup(&b);
    b.write_fails = 1;
    request r = request_of(GET_GLOBAL);
    put_types(&r, STR, -1);
    put_str(&r, "x");
    CHECK(host_send(&b, &r) == DK_ERROR_WRITE);
    b.write_fails = 0;
    CHECK(global_function(&b, "runtime.SystemLib") != 0);

    bench_prepare(&b);
    b.hook_result = -1;
    CHECK(dk_server_init(&b.server, &b.config) == DK_ERROR_RANDOM);
    bench_prepare(&b);
    b.write_fails = 1;
    CHECK(dk_server_init(&b.server, &b.config) == DK_ERROR_WRITE);
}

static void test_configuration_is_checked(void) {
    bench_prepare(&b);
    b.config.packet_buffer_size = DK_PACKET_BUFFER_MIN - 1;
    CHECK(dk_server_init(&b.server, &b.config) == DK_ERROR_CONFIG);
    bench_prepare(&b);
    b.config.model = NULL;
    CHECK(dk_server_init(&b.server, &b.config) == DK_ERROR_CONFIG);
    bench_prepare(&b);
    b.platform.fatal = NULL;
    CHECK(dk_server_init(&b.server, &b.config) == DK_ERROR_CONFIG);
    bench_prepare(&b);
    b.config.pool_size = 8;
    CHECK(dk_server_init(&b.server, &b.config) == DK_ERROR_CONFIG);
}

/* Cut at each byte, and several packets in one piece: it is all the same to the device. */
static void test_pieces_of_any_size(void) {
    static const char stream[] = "\xfe\xff\xfd\x03\x00\x00\x00\x00\x00\x02\x66\x77"
                                 "\xff\xfd\x04\x00\x00\x00\x07\x00\x00\x01\x06\x88";
    for (size_t step = 1; step < sizeof stream; ++step) {
        bench_prepare(&b);
        bench_boot(&b);
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            size_t part = sizeof stream - 1 - at;
            CHECK(dk_server_receive(&b.server, (const uint8_t *)stream + at,
                                    part < step ? part : step) == DK_OK);
        }
        EXPECT_WIRE("\xff\xfd\x04\x00\x00\x00\x07\x43\x01\x01\xca\xff\xff");
    }
}

int main(void) {
    test_start_of_a_device_and_of_a_session();
    test_log();
    test_long_log_is_split();
    test_log_from_within_write_is_refused();
    test_packets_that_are_not_for_us();
    test_terminate_ends_the_session();
    test_start_again_without_terminate();
    test_nonce_is_never_zero();
    test_failures_of_the_platform();
    test_configuration_is_checked();
    test_pieces_of_any_size();
    return 0;
}
