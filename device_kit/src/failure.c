/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

static int record(dk_server *server, const char *text, dk_text name, int32_t number,
                  uint8_t has_number) {
    server->failure.text = text;
    server->failure.name = name.data;
    server->failure.name_bytes = name.size;
    server->failure.number = number;
    server->failure.has_number = has_number;
    server->failure.asked_bytes = 0;
    return DK_ERROR_REFUSED;
}

int dk_fail(dk_server *server, const char *text) {
    return record(server, text, (dk_text){NULL, 0}, 0, 0);
}

int dk_fail_number(dk_server *server, const char *text, int32_t number) {
    return record(server, text, (dk_text){NULL, 0}, number, 1);
}

int dk_fail_memory(dk_server *server, const char *text, uint64_t bytes) {
    int32_t largest = (int32_t)dk_pool_largest_free(&server->pool);
    int error = record(server, text, (dk_text){NULL, 0}, largest, 1);
    server->failure.asked_bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
    return error;
}

int dk_fail_name(dk_server *server, const char *text, dk_text name) {
    return record(server, text, name, 0, 0);
}

int dk_fail_handle(dk_server *server) {
    return dk_fail(server, "a handle of another kind, or of what was freed or replaced");
}
