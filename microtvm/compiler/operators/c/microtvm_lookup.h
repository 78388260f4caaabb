/* SPDX-License-Identifier: Apache-2.0 */
/* Straight lines between 513 results; microtvm/compiler/operators/lookup.py says the same in
 * NumPy. */
#ifndef MICROTVM_LOOKUP_H_
#define MICROTVM_LOOKUP_H_

#include <stdint.h>
#ifndef MICROTVM_FLASH
#define MICROTVM_FLASH const
#endif

/* value in int16's range. The slope and the sum are kept in 16 bits, where they may wrap. */
static inline int16_t mt_interpolate(MICROTVM_FLASH int16_t *table, int32_t value) {
    int32_t place = 256 + (value >> 7);
    int32_t base = table[place];
    int32_t slope = (int16_t)(table[place + 1] - base);
    return (int16_t)(base + ((slope * (value & 127) + 64) >> 7));
}

#endif
