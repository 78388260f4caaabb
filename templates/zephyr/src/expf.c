/* SPDX-License-Identifier: Apache-2.0 */
/* expf in place of the board's, for code of TVM 0.8 to 0.18; what microtvm compile makes brings its
 * own. C libraries for chips without double precision in hardware are off in the last bit for one
 * value in ten, and a softmax would answer differently on each kind of board.
 *
 * exp(x) = 2^(k/32) * exp(r) with k whole and r small: the power from a table, exp(r) from its
 * Taylor series, all in double, so that rounding to float is the only error that shows. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define STEPS     32
#define TOO_LARGE 88.8f   /* from here on the result is infinite */
#define TOO_SMALL -104.0f /* below, it is zero */
#define LOG_TWO   0x1.62e42fefa39efp-1

static const double powers[STEPS] = {
    1.0,
    0x1.059b0d3158574p+0,
    0x1.0b5586cf9890fp+0,
    0x1.11301d0125b51p+0,
    0x1.172b83c7d517bp+0,
    0x1.1d4873168b9aap+0,
    0x1.2387a6e756238p+0,
    0x1.29e9df51fdee1p+0,
    0x1.306fe0a31b715p+0,
    0x1.371a7373aa9cbp+0,
    0x1.3dea64c123422p+0,
    0x1.44e086061892dp+0,
    0x1.4bfdad5362a27p+0,
    0x1.5342b569d4f82p+0,
    0x1.5ab07dd485429p+0,
    0x1.6247eb03a5585p+0,
    0x1.6a09e667f3bcdp+0,
    0x1.71f75e8ec5f74p+0,
    0x1.7a11473eb0187p+0,
    0x1.82589994cce13p+0,
    0x1.8ace5422aa0dbp+0,
    0x1.93737b0cdc5e5p+0,
    0x1.9c49182a3f090p+0,
    0x1.a5503b23e255dp+0,
    0x1.ae89f995ad3adp+0,
    0x1.b7f76f2fb5e47p+0,
    0x1.c199bdd85529cp+0,
    0x1.cb720dcef9069p+0,
    0x1.d5818dcfba487p+0,
    0x1.dfc97337b9b5fp+0,
    0x1.ea4afa2a490dap+0,
    0x1.f50765b6e4540p+0,
};

/* 2^n for n in the range of normal doubles. */
static double power_of_two(int n) {
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

float expf(float x) {
    if (!(x < TOO_LARGE)) {
        return x * 0x1p+127f; /* infinite; NaN stays NaN */
    }
    if (x < TOO_SMALL) {
        return 0.0f;
    }
    double steps = (double)x * (STEPS / LOG_TWO);
    int k = (int)(steps + (steps < 0 ? -0.5 : 0.5));
    double r = (double)x - k * (LOG_TWO / STEPS);
    double series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6 + r * (1.0 / 24))));
    unsigned step = (unsigned)k % STEPS;
    return (float)(series * powers[step] * power_of_two((k - (int)step) / STEPS));
}
