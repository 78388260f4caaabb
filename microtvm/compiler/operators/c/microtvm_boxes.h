/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes by two opposite corners, (y, x) each; operators/select_boxes.py says the same in NumPy. */
#ifndef MICROTVM_BOXES_H_
#define MICROTVM_BOXES_H_

#include <stdint.h>

static inline float mt_smaller(float a, float b) {
    return a < b ? a : b;
}

static inline float mt_larger(float a, float b) {
    return a > b ? a : b;
}

/* Intersection by union; 0 where one of them has no area. */
static inline float mt_overlap(const float *a, const float *b) {
    float area_a = 1, area_b = 1, both = 1;
    for (int32_t axis = 0; axis < 2; ++axis) {
        float low_a = mt_smaller(a[axis], a[axis + 2]), high_a = mt_larger(a[axis], a[axis + 2]);
        float low_b = mt_smaller(b[axis], b[axis + 2]), high_b = mt_larger(b[axis], b[axis + 2]);
        area_a *= high_a - low_a;
        area_b *= high_b - low_b;
        both *= mt_larger(mt_smaller(high_a, high_b) - mt_larger(low_a, low_b), 0);
    }
    return area_a <= 0 || area_b <= 0 ? 0 : both / (area_a + area_b - both);
}

/* The first of the highest scores among those that are left, or -1. */
static inline int32_t mt_best(const float *scores, const int8_t *left, int32_t count) {
    int32_t best = -1;
    for (int32_t i = 0; i < count; ++i) {
        if (left[i] && (best < 0 || scores[i] > scores[best])) {
            best = i;
        }
    }
    return best;
}

#endif
