/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, version 1: who talks to whom, told apart by two nonces. SPEC.md, "Session". */
#ifndef DEVICE_KIT_SESSION_H_
#define DEVICE_KIT_SESSION_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/framing.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DK_SESSION_VERSION = 1,
    DK_SESSION_HEADER_BYTES = 3 /* session id, message type */
};

enum dk_message_type {
    DK_MESSAGE_START_INIT = 0x00,
    DK_MESSAGE_START_REPLY = 0x01,
    DK_MESSAGE_TERMINATE = 0x02,
    DK_MESSAGE_LOG = 0x03,
    DK_MESSAGE_NORMAL = 0x10
};

enum dk_session_event {
    DK_SESSION_NONE,    /* all input used up */
    DK_SESSION_STARTED, /* a session began; one before it, if any, has ended */
    DK_SESSION_ENDED,   /* the host terminated the session */
    DK_SESSION_MESSAGE  /* a normal message of the open session is in the buffer */
};

typedef struct dk_session {
    dk_framer framer;
    dk_unframer unframer;
    uint16_t id;
    uint8_t nonce;
    uint8_t open;
} dk_session;

/* Sends the terminate message, which tells a host that waits for this device that it was reset. */
int dk_session_init(dk_session *session, const dk_platform *platform, uint8_t *buffer,
                    size_t capacity);

/* Consumes input up to the next event and says in *consumed how much that was. After
 * DK_SESSION_MESSAGE the message is in unframer.buffer, behind DK_SESSION_HEADER_BYTES. */
enum dk_session_event dk_session_feed(dk_session *session, const uint8_t *data, size_t size,
                                      size_t *consumed);

/* A message is sent as start, any number of puts to the framer, and dk_framer_finish. */
int dk_session_start_message(dk_session *session, enum dk_message_type type, uint32_t bytes);

/* Forgets the session without telling the host. */
void dk_session_close(dk_session *session);

/* Sends text to the host's log, in or out of a session. */
int dk_session_log(dk_session *session, const char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
