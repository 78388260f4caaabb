/* SPDX-License-Identifier: Apache-2.0 */
/* The RPC server. All of its state is in one dk_server, which the caller owns (make it static):
 *
 *     static dk_server server;
 *     dk_server_init(&server, &config);
 *     for (;;) dk_server_receive(&server, bytes, number_of_bytes_that_came);
 *
 * Not re-entrant: call it from one thread, never from an interrupt or from a platform callback. */
#ifndef DEVICE_KIT_SERVER_H_
#define DEVICE_KIT_SERVER_H_

#include <stddef.h>
#include <stdint.h>

#include "device_kit/error.h"
#include "device_kit/executor.h"
#include "device_kit/model.h"
#include "device_kit/platform.h"
#include "device_kit/pool.h"
#include "device_kit/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The smallest packet buffer that dk_server_init accepts. */
#define DK_PACKET_BUFFER_MIN 128

typedef struct dk_config {
    const dk_platform *platform;
    const dk_model *model;
    uint8_t *packet_buffer; /* bounds the largest packet that can be received */
    size_t packet_buffer_size;
    uint8_t *pool; /* tensors: inputs, outputs and what the host allocates */
    size_t pool_size;
} dk_config;

/* What runtime.RPCTimeEvaluator was asked to measure. */
typedef struct dk_time_evaluator {
    uint32_t function; /* handle of the function to time */
    uint32_t number;   /* calls per measurement; grows to reach min_repeat_ms */
    uint32_t repeat;
    uint32_t min_repeat_ms;
    uint32_t limit_zero_time_iterations;
    uint32_t cooldown_interval_ms;
    uint32_t repeats_to_cooldown;
} dk_time_evaluator;

/* Why a request is refused: `text`, then `name` in quotes or `number`, then how much was asked for.
 */
typedef struct dk_failure {
    const char *text;
    const char *name;
    uint32_t name_bytes;
    int32_t number;
    uint32_t asked_bytes; /* where memory was asked for; 0 otherwise */
    uint8_t has_number;
} dk_failure;

typedef struct dk_server {
    const dk_config *config;
    dk_session session;
    dk_pool pool;
    dk_executor executor;
    dk_time_evaluator time_evaluator;
    dk_failure failure;
    uint8_t *scratch; /* the part of the packet buffer behind the packet and what uses it */
    /* Handles carry the generation that they were given out in; see DESIGN.md. */
    uint32_t generation;
    uint32_t session_generation;
    uint32_t executor_generation;       /* 0: no executor, or its module was freed */
    uint32_t time_evaluator_generation; /* 0: none */
    uint8_t shutdown;
} dk_server;

/* Checks the configuration and sends the message that ends whatever session the host believes in.
 * `config` and what it points to must outlive the server. 0 or a negative dk_result. */
int dk_server_init(dk_server *server, const dk_config *config);

/* Takes bytes as they come from the wire, in pieces of any size, and answers. All of `data` is
 * used. Returns 0; DK_SHUTDOWN when a shutdown was among it (a host process may exit, a board goes
 * on and waits for the next session); DK_ERROR_WRITE when an answer could not be sent. What the
 * host does wrong is answered with an exception and is no error here. */
int dk_server_receive(dk_server *server, const uint8_t *data, size_t size);

/* Sends text to the host's log, in or out of a session. DK_ERROR_BUSY when called from write(). */
int dk_server_log(dk_server *server, const char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
