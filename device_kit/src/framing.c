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

/* How many bytes there are before the first escape. A memchr would add 150 bytes of code, and the
 * CRC of the same bytes takes longer than this loop. */
static size_t run_length(const uint8_t *data, size_t size) {
    size_t run = 0;
    while (run < size && data[run] != ESCAPE) {
        run++;
    }
    return run;
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
        size_t run = run_length(data, size);
        stage(framer, data, run);
        if (run < size) {
            stage(framer, data + run, 1);
            stage(framer, &escape, 1);
            run++;
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
    size_t run = run_length(data, size);
    unframer->saw_escape = run < size;
    return run + unframer->saw_escape;
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

/* Takes bytes within a packet: an escape, what follows one, or a run without any. */
static enum dk_frame_event continue_packet(dk_unframer *unframer, const uint8_t *data,
                                           size_t size) {
    /* The CRC covers the bytes as they are on the wire: escapes count, the CRC itself does not. */
    if (unframer->state != READ_CRC) {
        unframer->crc = dk_crc16(unframer->crc, data, size);
    }
    if (!unframer->saw_escape) {
        if (data[0] != ESCAPE) {
            return take(unframer, data, size);
        }
        unframer->saw_escape = 1;
        return DK_FRAME_NONE;
    }
    unframer->saw_escape = 0;
    switch (data[0]) {
    case ESCAPE:
        return take(unframer, data, size);
    case NOP:
        return DK_FRAME_NONE;
    case START:
        begin_packet(unframer);
        return DK_FRAME_BROKEN;
    default:
        return give_up(unframer);
    }
}

enum dk_frame_event dk_unframer_feed(dk_unframer *unframer, const uint8_t *data, size_t size,
                                     size_t *consumed) {
    enum dk_frame_event event = DK_FRAME_NONE;
    size_t used = 0;
    while (used < size && event == DK_FRAME_NONE) {
        const uint8_t *next = data + used;
        size_t step = size - used;
        if (unframer->state == FIND_START) {
            step = find_start(unframer, next, step);
        } else {
            if (unframer->saw_escape || *next == ESCAPE) {
                step = 1;
            } else {
                size_t needs = field_needs(unframer);
                step = run_length(next, step < needs ? step : needs);
            }
            event = continue_packet(unframer, next, step);
        }
        used += step;
    }
    *consumed = used;
    return event;
}
