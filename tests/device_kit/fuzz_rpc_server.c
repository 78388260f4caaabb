/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: whatever comes over the wire, the device neither leaves its memory nor falls silent.
 *
 * The first byte chooses between raw bytes, which have to find the framing's CRC by themselves, and
 * messages (each behind a byte of length) that are framed here within an open session, so that the
 * input is all RPC. In these, the bytes "PTR" and a number stand for a pointer that the device gave
 * out, since those differ from run to run. */
#include "bench.h"

static bench b;

/* The host's end of the wire: all that comes must be whole packets. */
static dk_unframer replies;
static uint8_t reply[4096];
static int packets;

static int count_replies(void *context, const uint8_t *data, size_t size) {
    (void)context;
    while (size > 0) {
        size_t used;
        enum dk_frame_event event = dk_unframer_feed(&replies, data, size, &used);
        CHECK(event != DK_FRAME_BROKEN);
        packets += event == DK_FRAME_PACKET;
        data += used;
        size -= used;
    }
    return 0;
}

/* Each look at the clock is a month later, so that no min_repeat_ms makes number grow; and no
 * number of more than 100 is begun with. */
static uint64_t fast_clock(void *context) {
    (void)context;
    b.now_ns += 3000000000000000;
    return b.now_ns;
}

static int few_calls_only(void *context) {
    (void)context;
    return b.server.time_evaluator.number > 100 ? -1 : 0;
}

static void setup(void) {
    static const uint8_t init[] = "\xff\xfd\x04\x00\x00\x00\x07\x00\x00\x01\x06\x88";
    bench_prepare(&b);
    dk_unframer_init(&replies, reply, sizeof reply);
    b.platform.write = count_replies;
    b.platform.time_ns = fast_clock;
    b.platform.before_measurement = few_calls_only;
    CHECK(dk_server_init(&b.server, &b.config) == DK_OK);
    CHECK(dk_server_receive(&b.server, init, sizeof init - 1) == DK_OK);
    b.session_id = 0x4307;
    packets = 0;
}

/* The blocks of the pool that are given out, by number; the executor's table as number 7; 1 where
 * there are fewer. */
static uint64_t pointer(uint32_t number) {
    uint32_t seen = 0;
    if (number == 7) {
        return (uint64_t)(uintptr_t)b.server.executor.buffers;
    }
    for (uint64_t at = (uint64_t)(uintptr_t)b.server.pool.base; seen <= number; at += 16) {
        uint32_t bytes;
        if (at >= (uint64_t)(uintptr_t)b.server.pool.base + b.server.pool.size) {
            return 1;
        }
        seen += dk_pool_find(&b.server.pool, at, 0, &bytes) != NULL;
        if (seen == number + 1) {
            return at;
        }
    }
    return 1;
}

static void send_message(const uint8_t *data, size_t size) {
    request r = {.size = 0};
    put_bytes(&r, data, size);
    for (size_t i = 0; i + 8 <= size; ++i) {
        if (memcmp(r.bytes + i, "PTR", 3) == 0) {
            uint64_t address = pointer(r.bytes[i + 3] % 8);
            for (int j = 0; j < 8; ++j) {
                r.bytes[i + (size_t)j] = (uint8_t)(address >> 8 * j);
            }
        }
    }
    int before = packets;
    int result = host_send(&b, &r);
    CHECK(result == DK_OK || result == DK_SHUTDOWN);
    /* One question, one answer; only an empty packet and a shutdown have none. */
    CHECK(packets - before == (size > 0 && result == DK_OK && b.server.session.open));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    setup();
    uint8_t mode = data[0];
    size_t at = 1;
    if ((mode & 1) == 0) {
        size_t piece = mode + 1u;
        for (; at < size; at += piece) {
            size_t part = size - at < piece ? size - at : piece;
            int result = dk_server_receive(&b.server, data + at, part);
            CHECK(result == DK_OK || result == DK_SHUTDOWN);
        }
    } else {
        while (at < size && b.server.session.open) {
            size_t part = data[at++];
            part = part < size - at ? part : size - at;
            send_message(data + at, part);
            at += part;
        }
    }
    CHECK(b.server.pool.used <= b.server.pool.high_water);
    CHECK(b.server.pool.high_water <= b.server.pool.size);
    CHECK(dk_pool_largest_free(&b.server.pool) <= b.server.pool.size - b.server.pool.used);
    return 0;
}
