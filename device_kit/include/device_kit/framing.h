/* SPDX-License-Identifier: Apache-2.0 */
/* Packets on a byte stream: an escape byte, a length and a CRC. SPEC.md, "Framing". */
#ifndef DEVICE_KIT_FRAMING_H_
#define DEVICE_KIT_FRAMING_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that are gathered before each call of the platform's write(). */
#define DK_STAGING_BYTES 256

/* The CRC register's value before the first byte. */
#define DK_CRC_INITIAL 0xffffu

/* CRC-16/CCITT (polynomial 0x1021, not reflected, no final XOR) of `data`, continued from `crc`. */
uint16_t dk_crc16(uint16_t crc, const uint8_t *data, size_t size);

typedef struct dk_framer {
    const dk_platform *platform;
    uint32_t remaining; /* payload bytes still to come in this packet */
    int error;          /* the first failure of this packet, or 0 */
    uint16_t crc;
    uint16_t staged;
    uint8_t state;
    uint8_t staging[DK_STAGING_BYTES];
} dk_framer;

void dk_framer_init(dk_framer *framer, const dk_platform *platform);

/* A packet is sent as start, any number of puts, finish. An error in between is kept: finish
 * returns it. DK_ERROR_BUSY when a packet is open already. */
int dk_framer_start(dk_framer *framer, uint32_t payload_bytes);
void dk_framer_put(dk_framer *framer, const void *data, size_t size);
int dk_framer_finish(dk_framer *framer);

enum dk_frame_event {
    DK_FRAME_NONE,   /* all input used up, no packet complete */
    DK_FRAME_PACKET, /* a packet with a good CRC is in the buffer */
    DK_FRAME_BROKEN  /* a packet was given up: bad CRC, bad escape, or another one began in it */
};

typedef struct dk_unframer {
    uint8_t *buffer; /* gets the payload, as far as it fits */
    size_t capacity;
    uint32_t length;   /* the payload's length as announced; may exceed capacity */
    uint32_t received; /* payload bytes seen so far */
    uint16_t crc;
    uint8_t state;
    uint8_t saw_escape;
    uint8_t field[4]; /* length or CRC while it comes in */
    uint8_t field_bytes;
} dk_unframer;

void dk_unframer_init(dk_unframer *unframer, uint8_t *buffer, size_t capacity);

/* Consumes input up to the next event and says in *consumed how much that was. After
 * DK_FRAME_PACKET, `length` bytes are in `buffer` (or the first `capacity` of them) until the next
 * call. */
enum dk_frame_event dk_unframer_feed(dk_unframer *unframer, const uint8_t *data, size_t size,
                                     size_t *consumed);

#ifdef __cplusplus
}
#endif

#endif
