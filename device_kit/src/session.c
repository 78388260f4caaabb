/* SPDX-License-Identifier: Apache-2.0 */
#include "device_kit/session.h"

#include <string.h>

#include "bytes.h"
#include "device_kit/error.h"

/* TVM's client drops a longer log message, and stops receiving after an empty one. */
enum { LOG_BYTES_MAX = 1023 };

static int send_message(dk_session *session, enum dk_message_type type, const void *body,
                        uint32_t bytes) {
    int error = dk_session_start_message(session, type, bytes);
    if (error == DK_ERROR_BUSY) {
        return error;
    }
    dk_framer_put(&session->framer, body, bytes);
    return dk_framer_finish(&session->framer);
}

int dk_session_init(dk_session *session, const dk_platform *platform, uint8_t *buffer,
                    size_t capacity) {
    memset(session, 0, sizeof *session);
    dk_framer_init(&session->framer, platform);
    dk_unframer_init(&session->unframer, buffer, capacity);
    if (platform->random(platform->context, &session->nonce, sizeof session->nonce) < 0) {
        return DK_ERROR_RANDOM;
    }
    return send_message(session, DK_MESSAGE_TERMINATE, NULL, 0);
}

int dk_session_start_message(dk_session *session, enum dk_message_type type, uint32_t bytes) {
    int error = dk_framer_start(&session->framer, DK_SESSION_HEADER_BYTES + bytes);
    if (error != DK_ERROR_BUSY) {
        uint8_t header[DK_SESSION_HEADER_BYTES];
        dk_store_u16(header, type == DK_MESSAGE_LOG ? 0 : session->id);
        header[2] = (uint8_t)type;
        dk_framer_put(&session->framer, header, sizeof header);
    }
    return error;
}

void dk_session_close(dk_session *session) {
    session->open = 0;
    session->id = 0;
}

int dk_session_log(dk_session *session, const char *text, size_t size) {
    int error = DK_OK;
    while (size > 0 && error == DK_OK) {
        uint32_t part = size < LOG_BYTES_MAX ? (uint32_t)size : LOG_BYTES_MAX;
        error = send_message(session, DK_MESSAGE_LOG, text, part);
        text += part;
        size -= part;
    }
    return error;
}

/* Answers a host that begins a session. Its id is the host's nonce and one of ours. */
static enum dk_session_event start(dk_session *session, uint16_t offered_id) {
    static const uint8_t version = DK_SESSION_VERSION;
    uint8_t host_nonce = (uint8_t)offered_id;
    if (host_nonce == 0 || session->unframer.length < DK_SESSION_HEADER_BYTES + sizeof version) {
        return DK_SESSION_NONE;
    }
    session->nonce++;
    if (session->nonce == 0) {
        session->nonce = 1;
    }
    session->id = (uint16_t)(host_nonce | (session->nonce << 8));
    session->open = 1;
    /* Whatever version the host offered, it learns ours; it gives up when it cannot speak it. */
    send_message(session, DK_MESSAGE_START_REPLY, &version, sizeof version);
    return DK_SESSION_STARTED;
}

static enum dk_session_event handle_packet(dk_session *session) {
    const uint8_t *packet = session->unframer.buffer;
    if (session->unframer.length < DK_SESSION_HEADER_BYTES) {
        return DK_SESSION_NONE;
    }
    uint16_t id = dk_load_u16(packet);
    switch (packet[2]) {
    case DK_MESSAGE_START_INIT:
        return start(session, id);
    case DK_MESSAGE_TERMINATE:
        if (session->open) {
            dk_session_close(session);
            return DK_SESSION_ENDED;
        }
        return DK_SESSION_NONE;
    case DK_MESSAGE_NORMAL:
        return session->open && id == session->id ? DK_SESSION_MESSAGE : DK_SESSION_NONE;
    default:
        /* Logs and replies to a start are for hosts; this end never starts a session. */
        return DK_SESSION_NONE;
    }
}

enum dk_session_event dk_session_feed(dk_session *session, const uint8_t *data, size_t size,
                                      size_t *consumed) {
    enum dk_session_event event = DK_SESSION_NONE;
    *consumed = 0;
    while (*consumed < size && event == DK_SESSION_NONE) {
        size_t used;
        if (dk_unframer_feed(&session->unframer, data + *consumed, size - *consumed, &used) ==
            DK_FRAME_PACKET) {
            event = handle_packet(session);
        }
        *consumed += used;
    }
    return event;
}
