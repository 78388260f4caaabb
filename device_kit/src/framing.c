/* SPDX-License-Identifier: Apache-2.0 */
#include "device_kit/framing.h"

#include <string.h>

#include "bytes.h"
#include "device_kit/error.h"

enum { ESCAPE = 0xff, NOP = 0xfe, START = 0xfd };

enum { FRAMER_RESET, FRAMER_IDLE, FRAMER_OPEN };

enum { FIND_START, READ_LENGTH, READ_PAYLOAD, READ_CRC };

static const uint8_t packet_start[2] = {ESCAPE, START};

void dk_framer_init(dk_framer *framer, const dk_platform *platform) {
    memset(framer, 0, sizeof *framer);
    framer->platform = platform;
}

static void flush(dk_framer *framer) {
    const dk_platform *platform = framer->platform;
    if (framer->error == DK_OK &&
        platform->write(platform->context, framer->staging, framer->staged) < 0) {
        framer->error = DK_ERROR_WRITE;
    }
    framer->staged = 0;
}

static void stage(dk_framer *framer, const uint8_t *data, size_t size) {
    framer->crc = dk_crc16(framer->crc, data, size);
    while (size > 0) {
        size_t room = DK_STAGING_BYTES - framer->staged;
        size_t part = size < room ? size : room;
        memcpy(framer->staging + framer->staged, data, part);
        framer->staged = (uint16_t)(framer->staged + part);
        data += part;
        size -= part;
        if (framer->staged == DK_STAGING_BYTES) {
            flush(framer);
        }
    }
}

static void stage_escaped(dk_framer *framer, const uint8_t *data, size_t size) {
    static const uint8_t escape = ESCAPE;
    while (size > 0) {
        const uint8_t *found = memchr(data, ESCAPE, size);
        size_t run = found != NULL ? (size_t)(found - data) + 1 : size;
        stage(framer, data, run);
        if (found != NULL) {
            stage(framer, &escape, 1);
        }
        data += run;
        size -= run;
    }
}

int dk_framer_start(dk_framer *framer, uint32_t payload_bytes) {
    if (framer->state == FRAMER_OPEN) {
        return DK_ERROR_BUSY;
    }
    framer->error = DK_OK;
    if (framer->state == FRAMER_RESET) {
        /* Completes an escape that a packet cut short may have left open at the receiver. */
        static const uint8_t nop = NOP;
        stage(framer, &nop, 1);
    }
    framer->state = FRAMER_OPEN;
    framer->remaining = payload_bytes;
    framer->crc = DK_CRC_INITIAL;
    stage(framer, packet_start, sizeof packet_start);
    uint8_t length[4];
    dk_store_u32(length, payload_bytes);
    stage_escaped(framer, length, sizeof length);
    return framer->error;
}

void dk_framer_put(dk_framer *framer, const void *data, size_t size) {
    if (size > framer->remaining) {
        framer->error = DK_ERROR_FRAMING;
        return;
    }
    framer->remaining -= (uint32_t)size;
    stage_escaped(framer, data, size);
}

int dk_framer_finish(dk_framer *framer) {
    if (framer->remaining != 0) {
        framer->error = DK_ERROR_FRAMING;
    }
    uint8_t crc[2];
    dk_store_u16(crc, framer->crc);
    stage_escaped(framer, crc, sizeof crc);
    if (framer->staged > 0) {
        flush(framer);
    }
    framer->state = framer->error == DK_OK ? FRAMER_IDLE : FRAMER_RESET;
    return framer->error;
}

void dk_unframer_init(dk_unframer *unframer, uint8_t *buffer, size_t capacity) {
    memset(unframer, 0, sizeof *unframer);
    unframer->buffer = buffer;
    unframer->capacity = capacity;
}

static void begin_packet(dk_unframer *unframer) {
    unframer->state = READ_LENGTH;
    unframer->saw_escape = 0;
    unframer->field_bytes = 0;
    unframer->received = 0;
    unframer->crc = dk_crc16(DK_CRC_INITIAL, packet_start, sizeof packet_start);
}

static enum dk_frame_event give_up(dk_unframer *unframer) {
    unframer->state = FIND_START;
    return DK_FRAME_BROKEN;
}

/* Skips to behind the next packet start. */
static size_t find_start(dk_unframer *unframer, const uint8_t *data, size_t size) {
    if (unframer->saw_escape) {
        if (data[0] == START) {
            begin_packet(unframer);
        } else {
            unframer->saw_escape = data[0] == ESCAPE;
        }
        return 1;
    }
    const uint8_t *escape = memchr(data, ESCAPE, size);
    if (escape == NULL) {
        return size;
    }
    unframer->saw_escape = 1;
    return (size_t)(escape - data) + 1;
}

/* How many more bytes belong to the field that is being read. */
static size_t field_needs(const dk_unframer *unframer) {
    switch (unframer->state) {
    case READ_LENGTH:
        return 4u - unframer->field_bytes;
    case READ_PAYLOAD:
        return unframer->length - unframer->received;
    default:
        return 2u - unframer->field_bytes;
    }
}

/* Takes unescaped bytes, never more than the field needs. */
static enum dk_frame_event take(dk_unframer *unframer, const uint8_t *data, size_t size) {
    if (unframer->state == READ_PAYLOAD) {
        if (unframer->received < unframer->capacity) {
            size_t room = unframer->capacity - unframer->received;
            memcpy(unframer->buffer + unframer->received, data, size < room ? size : room);
        }
        unframer->received += (uint32_t)size;
    } else {
        memcpy(unframer->field + unframer->field_bytes, data, size);
        unframer->field_bytes = (uint8_t)(unframer->field_bytes + size);
    }
    if (field_needs(unframer) > 0) {
        return DK_FRAME_NONE;
    }
    unframer->field_bytes = 0;
    switch (unframer->state) {
    case READ_LENGTH:
        unframer->length = dk_load_u32(unframer->field);
        unframer->state = unframer->length > 0 ? READ_PAYLOAD : READ_CRC;
        return DK_FRAME_NONE;
    case READ_PAYLOAD:
        unframer->state = READ_CRC;
        return DK_FRAME_NONE;
    default:
        if (dk_load_u16(unframer->field) != unframer->crc) {
            return give_up(unframer);
        }
        unframer->state = FIND_START;
        return DK_FRAME_PACKET;
    }
}

/* The CRC covers the bytes as they are on the wire: escapes count, the CRC itself does not. */
static void add_to_crc(dk_unframer *unframer, const uint8_t *data, size_t size) {
    if (unframer->state != READ_CRC) {
        unframer->crc = dk_crc16(unframer->crc, data, size);
    }
}

enum dk_frame_event dk_unframer_feed(dk_unframer *unframer, const uint8_t *data, size_t size,
                                     size_t *consumed) {
    const uint8_t *next = data;
    const uint8_t *end = data + size;
    enum dk_frame_event event = DK_FRAME_NONE;
    while (next != end && event == DK_FRAME_NONE) {
        if (unframer->state == FIND_START) {
            next += find_start(unframer, next, (size_t)(end - next));
        } else if (unframer->saw_escape) {
            const uint8_t *escaped = next++;
            unframer->saw_escape = 0;
            if (*escaped == START) {
                begin_packet(unframer);
                event = DK_FRAME_BROKEN;
            } else if (*escaped == ESCAPE) {
                add_to_crc(unframer, escaped, 1);
                event = take(unframer, escaped, 1);
            } else if (*escaped == NOP) {
                add_to_crc(unframer, escaped, 1);
            } else {
                event = give_up(unframer);
            }
        } else if (*next == ESCAPE) {
            add_to_crc(unframer, next++, 1);
            unframer->saw_escape = 1;
        } else {
            size_t run = (size_t)(end - next);
            size_t needs = field_needs(unframer);
            run = run < needs ? run : needs;
            const uint8_t *escape = memchr(next, ESCAPE, run);
            run = escape != NULL ? (size_t)(escape - next) : run;
            add_to_crc(unframer, next, run);
            event = take(unframer, next, run);
            next += run;
        }
    }
    *consumed = (size_t)(next - data);
    return event;
}
