/* SPDX-License-Identifier: Apache-2.0 */
/* The sizes that TVM's C runtime is compiled with, for all of its releases from 0.8 to 0.18. A port
 * that is short of memory defines smaller ones on the compiler's command line. */
#ifndef DEVICE_KIT_CRT_CONFIG_H_
#define DEVICE_KIT_CRT_CONFIG_H_

/* The largest packet, which is also the chunk that tensors are copied in. TVM's own client has
 * room for 2048 bytes (8192 up to 0.11), so more would be of no use. */
#ifndef TVM_CRT_MAX_PACKET_SIZE_BYTES
#define TVM_CRT_MAX_PACKET_SIZE_BYTES 2048
#endif

/* Arguments of a packed call: the inputs, outputs and workspaces of a model or an operator. */
#ifndef TVM_CRT_MAX_ARGS
#define TVM_CRT_MAX_ARGS 32
#endif

#ifndef TVM_CRT_MAX_NDIM
#define TVM_CRT_MAX_NDIM 6
#endif

/* The names of the runtime's and the port's global functions. */
#ifndef TVM_CRT_GLOBAL_FUNC_REGISTRY_SIZE_BYTES
#define TVM_CRT_GLOBAL_FUNC_REGISTRY_SIZE_BYTES 1024
#endif

/* The model's functions, and one module for each kind of executor. */
#ifndef TVM_CRT_MAX_REGISTERED_MODULES
#define TVM_CRT_MAX_REGISTERED_MODULES 4
#endif

#ifndef TVM_CRT_MAX_STRLEN_DLTYPE
#define TVM_CRT_MAX_STRLEN_DLTYPE 10
#endif

#ifndef TVM_CRT_MAX_STRLEN_FUNCTION_NAME
#define TVM_CRT_MAX_STRLEN_FUNCTION_NAME 160
#endif

#ifndef TVM_CRT_MAX_STRLEN_PARAM_NAME
#define TVM_CRT_MAX_STRLEN_PARAM_NAME 80
#endif

/* TVM 0.8 to 0.11. */
#ifndef TVM_CRT_MAX_FUNCTION_NAME_LENGTH_BYTES
#define TVM_CRT_MAX_FUNCTION_NAME_LENGTH_BYTES TVM_CRT_MAX_STRLEN_FUNCTION_NAME
#endif

#ifndef TVM_CRT_LOG_LEVEL
#define TVM_CRT_LOG_LEVEL TVM_CRT_LOG_LEVEL_WARN
#endif

#ifndef TVM_CRT_DEBUG
#define TVM_CRT_DEBUG 0
#endif

/* Builds of newlib lack these, which TVM 0.9 and later format messages of debugging with. */
#include <inttypes.h>
#ifndef PRId64
#define PRId64 "lld"
#endif
#ifndef PRIu64
#define PRIu64 "llu"
#endif

#endif
