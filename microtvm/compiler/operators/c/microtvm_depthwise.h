/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of input under a block of outputs of a depthwise convolution, padding included. */
#ifndef MICROTVM_DEPTHWISE_H_
#define MICROTVM_DEPTHWISE_H_

#include "microtvm_accumulator.h"

typedef struct {
    int32_t height, row_bytes;   /* of the input */
    int32_t count;               /* lines under a block */
    int32_t step;                /* lines from one block to the next */
    int32_t above;               /* rows of padding above the input */
    int32_t left, inside, right; /* bytes of a line: padding, copied from the input, padding */
    int32_t zero;
} mt_lines;

/* Copies forwards, so that lines may move up within one buffer. */
static inline void mt_copy(int8_t *target, const int8_t *source, int32_t size) {
    int32_t i = 0;
    for (; i + 4 <= size; i += 4) {
        uint32_t word = mt_word(source + i);
        memcpy(target + i, &word, sizeof word);
    }
    for (; i < size; ++i) {
        target[i] = source[i];
    }
}

/* Lines `first` and after it; those that the block before had as well are moved, not read: their
 * place in the input may hold outputs by now. */
static inline void mt_read_lines(const mt_lines *lines, const int8_t *x, int32_t y, int32_t first,
                                 int8_t *buffer) {
    int32_t size = lines->left + lines->inside + lines->right;
    int32_t kept = y == 0 ? 0 : lines->count - lines->step;
    if (kept > 0) {
        mt_copy(buffer, buffer + lines->step * size, kept * size);
    } else {
        kept = 0;
    }
    for (int32_t i = kept; i < lines->count; ++i) {
        int8_t *line = buffer + i * size;
        int32_t row = first + i;
        if (row < 0 || row >= lines->height) {
            memset(line, lines->zero, (size_t)size);
            continue;
        }
        memset(line, lines->zero, (size_t)lines->left);
        mt_copy(line + lines->left, x + row * lines->row_bytes, lines->inside);
        memset(line + lines->left + lines->inside, lines->zero, (size_t)lines->right);
    }
}

#endif
