/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes in any pieces give the unframer the same packets as they give a second one,
 * written here as plainly as SPEC.md, that takes them one by one; and what the framer makes of the
 * bytes comes back as it was. */
#include "check.h"
#include "device_kit/device_kit.h"

enum { CAPACITY = 64 };

typedef struct plain_unframer {
    uint8_t payload[CAPACITY];
    uint32_t length;
    uint32_t received;
    uint32_t expected_crc;
    uint32_t field; /* bytes seen of length or CRC */
    uint16_t crc;
    int part; /* 0 before a packet, 1 in its length, 2 in its payload, 3 in its CRC */
    int escaped;
} plain_unframer;

static uint16_t crc_of_byte(uint16_t crc, uint8_t byte) {
    uint32_t state = (uint32_t)crc ^ (uint32_t)byte << 8;
    for (int bit = 0; bit < 8; ++bit) {
        state = (state & 0x8000) != 0 ? state << 1 ^ 0x1021 : state << 1;
    }
    return (uint16_t)state;
}

static void plain_begin(plain_unframer *u) {
    *u = (plain_unframer){.part = 1};
    u->crc = crc_of_byte(crc_of_byte(0xffff, 0xff), 0xfd);
}

static enum dk_frame_event plain_unescaped(plain_unframer *u, uint8_t byte) {
    if (u->part == 1) {
        u->length |= (uint32_t)byte << 8 * u->field++;
        if (u->field == 4) {
            u->field = 0;
            u->part = u->length == 0 ? 3 : 2;
        }
    } else if (u->part == 2) {
        if (u->received < CAPACITY) {
            u->payload[u->received] = byte;
        }
        if (++u->received == u->length) {
            u->part = 3;
        }
    } else {
        u->expected_crc |= (uint32_t)byte << 8 * u->field++;
        if (u->field == 2) {
            u->part = 0;
            return u->expected_crc == u->crc ? DK_FRAME_PACKET : DK_FRAME_BROKEN;
        }
    }
    return DK_FRAME_NONE;
}

static enum dk_frame_event plain_feed(plain_unframer *u, uint8_t byte) {
    if (u->part == 0) {
        if (u->escaped && byte == 0xfd) {
            plain_begin(u);
        } else {
            u->escaped = byte == 0xff;
        }
        return DK_FRAME_NONE;
    }
    if (u->part != 3) {
        u->crc = crc_of_byte(u->crc, byte);
    }
    if (!u->escaped) {
        u->escaped = byte == 0xff;
        return u->escaped ? DK_FRAME_NONE : plain_unescaped(u, byte);
    }
    u->escaped = 0;
    if (byte == 0xfd) {
        plain_begin(u);
        return DK_FRAME_BROKEN;
    }
    if (byte == 0xfe) {
        return DK_FRAME_NONE;
    }
    if (byte == 0xff) {
        return plain_unescaped(u, byte);
    }
    u->part = 0;
    return DK_FRAME_BROKEN;
}

static void compare(const uint8_t *data, size_t size, size_t piece) {
    static uint8_t buffer[CAPACITY];
    dk_unframer unframer;
    dk_unframer_init(&unframer, buffer, sizeof buffer);
    plain_unframer plain = {.part = 0};
    size_t at = 0;
    while (at < size) {
        size_t end = at + piece < size ? at + piece : size;
        while (at < end) {
            size_t used;
            enum dk_frame_event event = dk_unframer_feed(&unframer, data + at, end - at, &used);
            CHECK(used > 0 && used <= end - at);
            CHECK(event != DK_FRAME_NONE || used == end - at);
            for (size_t i = 0; i < used; ++i) {
                CHECK(plain_feed(&plain, data[at + i]) == (i + 1 == used ? event : DK_FRAME_NONE));
            }
            if (event == DK_FRAME_PACKET) {
                CHECK(unframer.length == plain.length);
                CHECK_BYTES(buffer, plain.payload,
                            plain.length < CAPACITY ? plain.length : CAPACITY);
            }
            at += used;
        }
    }
}

typedef struct wire {
    uint8_t bytes[16384];
    size_t size;
} wire;

static int wire_write(void *context, const uint8_t *data, size_t size) {
    wire *w = context;
    CHECK(w->size + size <= sizeof w->bytes);
    memcpy(w->bytes + w->size, data, size);
    w->size += size;
    return 0;
}

static void round_trip(const uint8_t *data, size_t size) {
    static wire w;
    static uint8_t payload[4096];
    w.size = 0;
    dk_platform platform = {.context = &w, .write = wire_write};
    dk_framer framer;
    dk_framer_init(&framer, &platform);
    CHECK(dk_framer_start(&framer, (uint32_t)size) == DK_OK);
    dk_framer_put(&framer, data, size);
    CHECK(dk_framer_finish(&framer) == DK_OK);
    dk_unframer unframer;
    dk_unframer_init(&unframer, payload, sizeof payload);
    size_t used;
    CHECK(dk_unframer_feed(&unframer, w.bytes, w.size, &used) == DK_FRAME_PACKET);
    CHECK(used == w.size && unframer.length == size);
    CHECK_BYTES(payload, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > 4096) {
        return 0;
    }
    compare(data + 1, size - 1, data[0] + 1u);
    round_trip(data, size);
    return 0;
}
