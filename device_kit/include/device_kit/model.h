/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled model tells the runtime about itself. The exporter generates one dk_model per
 * archive, as dk_system_model; nothing else couples generated code to device_kit. */
#ifndef DEVICE_KIT_MODEL_H_
#define DEVICE_KIT_MODEL_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Alignment in bytes of every buffer that is handed to dk_model.run. */
#define DK_ALIGNMENT 16

/* DLPack's DLDataType: code 0 int, 1 uint, 2 float, 6 bool (8 bits). */
typedef struct dk_dtype {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
} dk_dtype;

typedef struct dk_tensor_info {
    const char *name; /* as the model's author wrote it, not sanitized */
    const int64_t *shape;
    int32_t ndim;
    dk_dtype dtype;
    uint32_t nbytes; /* product of shape times the size of an element */
} dk_tensor_info;

typedef struct dk_model {
    const char *name;
    const dk_tensor_info *inputs;
    uint16_t num_inputs;
    const dk_tensor_info *outputs;
    uint16_t num_outputs;
    /* Runs one inference on num_inputs and num_outputs buffers; 0, or a negative error. */
    int32_t (*run)(void *const *inputs, void *const *outputs);
    uint32_t workspace_bytes; /* the model's static arena, for reporting */
    uint32_t constant_bytes;  /* weights in flash, for reporting */
    /* Forgets earlier runs of a model that keeps state from run to run; NULL for one that keeps
     * none. Called when a session ends. */
    void (*reset)(void);
    /* Where inputs and outputs lie in the model's own arena; NULL where they do not. A run
     * overwrites inputs that lie there, and writing inputs may overwrite outputs. */
    void (*map_io)(void **inputs, void **outputs);
} dk_model;

/* Defined once, in the generated <name>_lib1.c. */
extern const dk_model dk_system_model;

#ifdef __cplusplus
}
#endif

#endif
