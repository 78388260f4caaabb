/* SPDX-License-Identifier: Apache-2.0 */
/* The results that device_kit's functions return: 0 or DK_SHUTDOWN for success, negative for an
 * error. A platform's own callbacks return 0 or any negative number. */
#ifndef DEVICE_KIT_ERROR_H_
#define DEVICE_KIT_ERROR_H_

#ifdef __cplusplus
extern "C" {
#endif

enum dk_result {
    DK_OK = 0,
    DK_SHUTDOWN = 1,         /* the client sent kShutdown; the session has ended */
    DK_ERROR_CONFIG = -1,    /* a null pointer, a missing callback or a buffer that is too small */
    DK_ERROR_WRITE = -2,     /* the platform's write() failed */
    DK_ERROR_RANDOM = -3,    /* the platform's random() failed */
    DK_ERROR_BUSY = -4,      /* a message is being sent; try again when it is done */
    DK_ERROR_NO_MEMORY = -5, /* the pool has no free block that is large enough */
    DK_ERROR_BAD_POINTER = -6, /* not the start of a block that the pool gave out */
    DK_ERROR_POOL_DAMAGED =
        -7,                /* the pool's records were overwritten: a kernel wrote out of bounds */
    DK_ERROR_FRAMING = -8, /* more or fewer bytes than the packet's header announced */
    DK_ERROR_REFUSED = -9  /* the request was answered with an exception */
};

#ifdef __cplusplus
}
#endif

#endif
