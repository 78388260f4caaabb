/* SPDX-License-Identifier: Apache-2.0 */
/* Framing against the vectors of SPEC.md, which were worked out by hand. */
#include "check.h"
#include "device_kit/device_kit.h"

typedef struct sink {
    uint8_t bytes[8192];
    size_t size;
    int writes;
    int fails;
} sink;

static int sink_write(void *context, const uint8_t *data, size_t size) {
    sink *s = context;
    s->writes++;
    if (s->fails) {
        return -1;
    }
    CHECK(s->size + size <= sizeof s->bytes);
    memcpy(s->bytes + s->size, data, size);
    s->size += size;
    return 0;
}

typedef struct vector {
    const char *payload;
    size_t payload_bytes;
    const char *wire;
    size_t wire_bytes;
} vector;

#define VECTOR(payload, wire)                                                                      \
    { payload, sizeof(payload) - 1, wire, sizeof(wire) - 1 }

static const vector vectors[] = {
    VECTOR("", "\xff\xfd\x00\x00\x00\x00\x83\x44"),
    VECTOR("A", "\xff\xfd\x01\x00\x00\x00\x41\xf4\x79"),
    /* Terminate session. */
    VECTOR("\x00\x00\x02", "\xff\xfd\x03\x00\x00\x00\x00\x00\x02\x66\x77"),
    /* An escape in the payload. */
    VECTOR("\xff\xfe\xfd", "\xff\xfd\x03\x00\x00\x00\xff\xff\xfe\xfd\xae\x84"),
    /* An escape in the CRC: the session reply of SPEC.md. */
    VECTOR("\x07\x43\x01\x01", "\xff\xfd\x04\x00\x00\x00\x07\x43\x01\x01\xca\xff\xff"),
};

enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static void test_crc(void) {
    /* The check value that catalogues give for this CRC ("CRC-16/IBM-3740"). */
    CHECK(dk_crc16(DK_CRC_INITIAL, (const uint8_t *)"123456789", 9) == 0x29b1);
    CHECK(dk_crc16(DK_CRC_INITIAL, (const uint8_t *)"", 0) == 0xffff);
    /* SPEC.md derives this one bit by bit. */
    CHECK(dk_crc16(DK_CRC_INITIAL, (const uint8_t *)"\xff", 1) == 0xff00);
    CHECK(dk_crc16(DK_CRC_INITIAL, (const uint8_t *)"\xff\xfd", 2) == 0x2042);
    /* In pieces it is the same. */
    uint16_t crc = dk_crc16(DK_CRC_INITIAL, (const uint8_t *)"1234", 4);
    CHECK(dk_crc16(crc, (const uint8_t *)"56789", 5) == 0x29b1);
}

static void test_framer_vectors(void) {
    static sink s;
    dk_platform platform = {.context = &s, .write = sink_write};
    dk_framer framer;
    dk_framer_init(&framer, &platform);
    for (int i = 0; i < VECTORS; ++i) {
        const vector *v = &vectors[i];
        s.size = 0;
        s.writes = 0;
        CHECK(dk_framer_start(&framer, (uint32_t)v->payload_bytes) == DK_OK);
        dk_framer_put(&framer, v->payload, v->payload_bytes);
        CHECK(dk_framer_finish(&framer) == DK_OK);
        /* The first packet after a reset has a nop in front. */
        size_t nop = i == 0;
        CHECK(s.size == nop + v->wire_bytes);
        CHECK(nop == 0 || s.bytes[0] == 0xfe);
        CHECK_BYTES(s.bytes + nop, v->wire, v->wire_bytes);
        CHECK(s.writes == 1);
    }
}

static void test_framer_length_is_escaped(void) {
    static sink s;
    s.size = 0;
    dk_platform platform = {.context = &s, .write = sink_write};
    dk_framer framer;
    dk_framer_init(&framer, &platform);
    uint8_t payload[255] = {0};
    CHECK(dk_framer_start(&framer, sizeof payload) == DK_OK);
    dk_framer_put(&framer, payload, 100);
    dk_framer_put(&framer, payload, 155);
    CHECK(dk_framer_finish(&framer) == DK_OK);
    CHECK_BYTES(s.bytes, "\xfe\xff\xfd\xff\xff\x00\x00\x00\x00", 9);
    /* nop, start, length with one more byte, payload, CRC of 2 bytes (neither is ff here) */
    CHECK(s.size == 1 + 2 + 5 + 255 + 2);
}

static void test_framer_writes_in_pieces(void) {
    static sink s;
    static uint8_t payload[1000];
    s.size = 0;
    s.writes = 0;
    dk_platform platform = {.context = &s, .write = sink_write};
    dk_framer framer;
    dk_framer_init(&framer, &platform);
    memset(payload, 0xff, sizeof payload);
    CHECK(dk_framer_start(&framer, sizeof payload) == DK_OK);
    for (size_t i = 0; i < sizeof payload; i += 10) {
        dk_framer_put(&framer, payload + i, 10);
    }
    CHECK(dk_framer_finish(&framer) == DK_OK);
    CHECK(s.writes == (int)((s.size + DK_STAGING_BYTES - 1) / DK_STAGING_BYTES));

    static uint8_t received[1000];
    dk_unframer unframer;
    dk_unframer_init(&unframer, received, sizeof received);
    size_t used;
    CHECK(dk_unframer_feed(&unframer, s.bytes, s.size, &used) == DK_FRAME_PACKET);
    CHECK(used == s.size && unframer.length == sizeof payload);
    CHECK_BYTES(received, payload, sizeof payload);
}

static void test_framer_misuse_and_failure(void) {
    static sink s;
    s.size = 0;
    dk_platform platform = {.context = &s, .write = sink_write};
    dk_framer framer;
    dk_framer_init(&framer, &platform);
    CHECK(dk_framer_start(&framer, 2) == DK_OK);
    CHECK(dk_framer_start(&framer, 2) == DK_ERROR_BUSY);
    dk_framer_put(&framer, "abc", 3);
    CHECK(dk_framer_finish(&framer) == DK_ERROR_FRAMING);
    CHECK(dk_framer_start(&framer, 2) == DK_OK);
    dk_framer_put(&framer, "a", 1);
    CHECK(dk_framer_finish(&framer) == DK_ERROR_FRAMING);

    s.fails = 1;
    CHECK(dk_framer_start(&framer, 1) == DK_OK);
    dk_framer_put(&framer, "a", 1);
    CHECK(dk_framer_finish(&framer) == DK_ERROR_WRITE);

    /* The next packet starts afresh, behind a nop. */
    s.fails = 0;
    s.size = 0;
    CHECK(dk_framer_start(&framer, 1) == DK_OK);
    dk_framer_put(&framer, "A", 1);
    CHECK(dk_framer_finish(&framer) == DK_OK);
    CHECK(s.size == 10);
    CHECK_BYTES(s.bytes, "\xfe\xff\xfd\x01\x00\x00\x00\x41\xf4\x79", 10);
}

/* Each vector, cut at each place, behind noise. */
static void test_unframer_vectors(void) {
    uint8_t buffer[16];
    dk_unframer unframer;
    size_t used;
    dk_unframer_init(&unframer, buffer, sizeof buffer);
    for (int i = 0; i < VECTORS; ++i) {
        const vector *v = &vectors[i];
        const uint8_t *wire = (const uint8_t *)v->wire;
        for (size_t cut = 0; cut <= v->wire_bytes; ++cut) {
            CHECK(dk_unframer_feed(&unframer, (const uint8_t *)"noise\xff\xfe", 7, &used) ==
                  DK_FRAME_NONE);
            CHECK(used == 7);
            enum dk_frame_event event = dk_unframer_feed(&unframer, wire, cut, &used);
            CHECK(used == cut);
            if (cut < v->wire_bytes) {
                CHECK(event == DK_FRAME_NONE);
                event = dk_unframer_feed(&unframer, wire + cut, v->wire_bytes - cut, &used);
                CHECK(used == v->wire_bytes - cut);
            }
            CHECK(event == DK_FRAME_PACKET);
            CHECK(unframer.length == v->payload_bytes);
            CHECK_BYTES(buffer, v->payload, v->payload_bytes);
        }
    }
}

static void test_unframer_stops_at_each_packet(void) {
    uint8_t buffer[16];
    dk_unframer unframer;
    size_t used;
    dk_unframer_init(&unframer, buffer, sizeof buffer);
    const uint8_t two[] =
        "\xff\xfd\x01\x00\x00\x00\x41\xf4\x79\xff\xfd\x01\x00\x00\x00\x41\xf4\x79";
    CHECK(dk_unframer_feed(&unframer, two, 18, &used) == DK_FRAME_PACKET);
    CHECK(used == 9);
    CHECK(dk_unframer_feed(&unframer, two + 9, 9, &used) == DK_FRAME_PACKET);
    CHECK(used == 9);
}

static void test_unframer_packet_cut_short_by_another(void) {
    const vector *v = &vectors[4];
    /* At 1, only the escape has come: that is still the start. */
    for (size_t cut = 2; cut < v->wire_bytes; ++cut) {
        uint8_t buffer[16];
        uint8_t stream[64];
        dk_unframer unframer;
        size_t used;
        dk_unframer_init(&unframer, buffer, sizeof buffer);
        memcpy(stream, v->wire, cut);
        memcpy(stream + cut, v->wire, v->wire_bytes);
        size_t size = cut + v->wire_bytes;
        if (cut == v->wire_bytes - 1) {
            /* The last byte that came was an escape; "ff ff" then ends the packet's CRC. */
            continue;
        }
        CHECK(dk_unframer_feed(&unframer, stream, size, &used) == DK_FRAME_BROKEN);
        CHECK(used == cut + 2);
        size_t rest;
        CHECK(dk_unframer_feed(&unframer, stream + used, size - used, &rest) == DK_FRAME_PACKET);
        CHECK_BYTES(buffer, v->payload, v->payload_bytes);
    }
}

static void test_unframer_rejects(void) {
    uint8_t buffer[16];
    dk_unframer unframer;
    size_t used;
    dk_unframer_init(&unframer, buffer, sizeof buffer);
    /* A changed payload byte. */
    CHECK(dk_unframer_feed(&unframer, (const uint8_t *)"\xff\xfd\x01\x00\x00\x00\x42\xf4\x79", 9,
                           &used) == DK_FRAME_BROKEN);
    /* An escape that is none. */
    CHECK(dk_unframer_feed(&unframer, (const uint8_t *)"\xff\xfd\x01\xff\x01", 5, &used) ==
          DK_FRAME_BROKEN);
    CHECK(used == 5);
    /* A nop within a packet counts in the CRC, though not in the payload. */
    uint8_t with_nop[16] = "\xff\xfd\x01\x00\x00\x00\xff\xfe\x41";
    uint16_t crc = dk_crc16(DK_CRC_INITIAL, with_nop, 9);
    with_nop[9] = (uint8_t)crc;
    with_nop[10] = (uint8_t)(crc >> 8);
    CHECK(dk_unframer_feed(&unframer, with_nop, 11, &used) == DK_FRAME_PACKET);
    CHECK(unframer.length == 1 && buffer[0] == 'A');
    /* "ff ff fd" is an escape, then a start. */
    CHECK(dk_unframer_feed(&unframer, (const uint8_t *)"\xff\xff\xfd\x01\x00\x00\x00\x41\xf4\x79",
                           10, &used) == DK_FRAME_PACKET);
}

/* What does not fit is counted, checked and dropped. */
static void test_unframer_oversize(void) {
    uint8_t buffer[2] = {0, 0};
    dk_unframer unframer;
    size_t used;
    dk_unframer_init(&unframer, buffer, sizeof buffer);
    const vector *v = &vectors[2];
    CHECK(dk_unframer_feed(&unframer, (const uint8_t *)v->wire, v->wire_bytes, &used) ==
          DK_FRAME_PACKET);
    CHECK(unframer.length == 3 && unframer.received == 3);
    /* The largest length there is does not make it lose step with the next packet. */
    CHECK(dk_unframer_feed(&unframer,
                           (const uint8_t *)"\xff\xfd\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11,
                           &used) == DK_FRAME_NONE);
    CHECK(dk_unframer_feed(&unframer, (const uint8_t *)"\xff\xfd", 2, &used) == DK_FRAME_BROKEN);
    CHECK(dk_unframer_feed(&unframer, (const uint8_t *)"\x01\x00\x00\x00\x41\xf4\x79", 7, &used) ==
          DK_FRAME_PACKET);
}

int main(void) {
    test_crc();
    test_framer_vectors();
    test_framer_length_is_escaped();
    test_framer_writes_in_pieces();
    test_framer_misuse_and_failure();
    test_unframer_vectors();
    test_unframer_stops_at_each_packet();
    test_unframer_packet_cut_short_by_another();
    test_unframer_rejects();
    test_unframer_oversize();
    return 0;
}
