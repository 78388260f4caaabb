/* SPDX-License-Identifier: Apache-2.0 */
/* Measures how long a function takes, with the meaning that TVM 0.18 gives to the numbers. Integers
 * throughout: chips without a floating-point unit would link soft-float code for a few divisions.
 */
#include "bytes.h"
#include "internal.h"

enum { NUMBER_MAX = INT32_MAX, MEAN_BYTES = 8 };

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

uint64_t dk_ratio_to_double(uint64_t numerator, uint64_t denominator) {
    if (numerator == 0) {
        return 0;
    }
    /* Both are below 2^63; they are shifted to 2^62 or more, then the numerator up to the
     * denominator, so that the quotient is in [1, 2) and `exponent` is that of the result. */
    int32_t exponent = 0;
    for (; numerator < (UINT64_C(1) << 62); numerator <<= 1) {
        exponent--;
    }
    for (; denominator < (UINT64_C(1) << 62); denominator <<= 1) {
        exponent++;
    }
    if (numerator < denominator) {
        numerator <<= 1;
        exponent--;
    }
    /* 1 + 52 bits of significand, one more to round by; what remains says whether that is exact. */
    uint64_t quotient = 0;
    for (int bit = 0; bit < 54; ++bit) {
        quotient <<= 1;
        if (numerator >= denominator) {
            numerator -= denominator;
            quotient |= 1;
        }
        numerator <<= 1;
    }
    uint64_t half = quotient & 1;
    quotient >>= 1;
    if (half != 0 && (numerator != 0 || (quotient & 1) != 0)) {
        quotient++;
    }
    /* The significand's leading 1 adds one to the exponent field, hence 1022. */
    return ((uint64_t)(exponent + 1022) << 52) + quotient;
}

/* How many calls the next try makes: as many as would have lasted `wanted` at the speed of this
 * try, and one more; at least 1.618 times as many as now. */
static uint32_t grow(uint32_t number, uint64_t wanted, uint64_t elapsed) {
    /* To 32 bits: only beyond 4.3 s is anything rounded. */
    for (; wanted > UINT32_MAX; wanted >>= 1) {
        elapsed >>= 1;
    }
    uint32_t divisor = elapsed > 0 ? (uint32_t)elapsed : 1;
    /* number * wanted / elapsed by shifting and subtracting: a library's 64-bit division would add
     * 700 bytes of code. */
    uint64_t dividend = number * wanted;
    uint64_t remainder = 0;
    for (int bit = 0; bit < 64; ++bit) {
        remainder = remainder << 1 | dividend >> 63;
        dividend <<= 1;
        if (remainder >= divisor) {
            remainder -= divisor;
            dividend |= 1;
        }
    }
    uint64_t by_factor = number + number / 1000 * 618 + number % 1000 * 618 / 1000;
    uint64_t larger = dividend >= by_factor ? dividend + 1 : by_factor;
    return larger < NUMBER_MAX ? (uint32_t)larger : NUMBER_MAX;
}

static uint32_t take_clamped(dk_args *args) {
    int64_t value = dk_take_int(args);
    return value < 0 ? 0 : value < NUMBER_MAX ? (uint32_t)value : NUMBER_MAX;
}

int dk_time_evaluator_create(dk_server *server, dk_args *args, dk_value *result) {
    dk_time_evaluator timer;
    int global = dk_args_next_type(args) == DK_TYPE_NULL;
    uint64_t module = 0;
    if (global) {
        dk_take_null(args);
    } else {
        module = dk_take_handle(args, DK_TYPE_MODULE);
    }
    dk_text name = dk_take_text(args);
    dk_take_int(args); /* device type and number: there is one device */
    dk_take_int(args);
    timer.number = take_clamped(args);
    timer.repeat = take_clamped(args);
    timer.min_repeat_ms = take_clamped(args);
    timer.limit_zero_time_iterations = take_clamped(args);
    timer.cooldown_interval_ms = take_clamped(args);
    timer.repeats_to_cooldown = take_clamped(args);
    dk_take_int(args);  /* bytes of cache to flush: not done by TVM's C runtime either */
    dk_take_text(args); /* nor is a function to call before each measurement */
    int error = dk_args_done(server, args);
    if (error < 0) {
        return error;
    }
    if (timer.number == 0 || timer.repeat == 0) {
        return dk_fail(server, "a time evaluator's number and repeat must be at least 1");
    }
    if (timer.cooldown_interval_ms > 0) {
        if (timer.repeats_to_cooldown == 0) {
            return dk_fail(server, "repeats_to_cooldown must be at least 1");
        }
        if (server->config->platform->sleep_ms == NULL) {
            return dk_fail(server, "this platform cannot sleep; use cooldown_interval_ms 0");
        }
    }
    if (global) {
        timer.function = dk_find_global(server, name);
    } else {
        error = dk_find_in_module(server, module, name, &timer.function);
        if (error < 0) {
            return error;
        }
    }
    if (timer.function == 0) {
        return dk_fail_name(server, "there is no function to time named ", name);
    }
    server->time_evaluator = timer;
    server->time_evaluator_generation = dk_next_generation(server);
    result->type = DK_TYPE_FUNCTION;
    result->as.handle = dk_handle(server, DK_KIND_TIME_EVALUATOR, 0);
    return DK_OK;
}

static int call_once(dk_server *server, uint32_t function, const dk_args *args) {
    uint8_t *scratch = server->scratch;
    dk_args copy = *args;
    dk_value ignored;
    int error = dk_call(server, function, &copy, &ignored);
    server->scratch = scratch;
    return error;
}

static int call_hook(dk_server *server, int (*hook)(void *context)) {
    int error = hook != NULL ? hook(server->config->platform->context) : 0;
    return error >= 0 ? DK_OK
                      : dk_fail_number(server, "the platform's measurement hook failed: ", error);
}

/* Time of `number` calls in nanoseconds. */
static int measure(dk_server *server, const dk_time_evaluator *timer, const dk_args *args,
                   uint64_t *elapsed) {
    const dk_platform *platform = server->config->platform;
    if (call_hook(server, platform->before_measurement) < 0) {
        return DK_ERROR_REFUSED;
    }
    uint64_t start = platform->time_ns(platform->context);
    for (uint32_t i = 0; i < timer->number; ++i) {
        if (call_once(server, timer->function, args) < 0) {
            return DK_ERROR_REFUSED;
        }
    }
    uint64_t stop = platform->time_ns(platform->context);
    *elapsed = stop > start ? stop - start : 0;
    return call_hook(server, platform->after_measurement);
}

int dk_time_evaluator_run(dk_server *server, const dk_args *args, dk_value *result) {
    const dk_platform *platform = server->config->platform;
    /* A copy: the timed function may itself make a time evaluator. */
    dk_time_evaluator timer = server->time_evaluator;
    uint32_t generation = server->time_evaluator_generation;
    uint64_t wanted = (uint64_t)timer.min_repeat_ms * NS_PER_MS;
    if (timer.repeat > server->config->packet_buffer_size / MEAN_BYTES) {
        return dk_fail(server, "repeat is too large for the packet buffer");
    }
    uint8_t *means = dk_scratch(server, timer.repeat * MEAN_BYTES);
    /* The first call is not measured: it warms up caches. */
    if (means == NULL || call_once(server, timer.function, args) < 0) {
        return DK_ERROR_REFUSED;
    }
    for (uint32_t i = 0; i < timer.repeat; ++i) {
        uint64_t elapsed = 0;
        uint32_t zero_times = 0;
        do {
            if (elapsed > 0) {
                timer.number = grow(timer.number, wanted, elapsed);
            }
            if (measure(server, &timer, args, &elapsed) < 0) {
                return DK_ERROR_REFUSED;
            }
            zero_times += elapsed == 0;
        } while (elapsed < wanted && zero_times < timer.limit_zero_time_iterations);
        dk_store_u64(means + (size_t)i * MEAN_BYTES,
                     dk_ratio_to_double(elapsed, (uint64_t)timer.number * NS_PER_S));
        if (timer.cooldown_interval_ms > 0 && i % timer.repeats_to_cooldown == 0) {
            int error = platform->sleep_ms(platform->context, timer.cooldown_interval_ms);
            if (error < 0) {
                return dk_fail_number(server, "the platform's sleep_ms() failed: ", error);
            }
        }
    }
    /* What the last repeat needed is where the next evaluation begins, as with TVM. */
    if (generation == server->time_evaluator_generation) {
        server->time_evaluator.number = timer.number;
    }
    result->type = DK_TYPE_BYTES;
    result->as.text.data = (const char *)means;
    result->as.text.size = timer.repeat * MEAN_BYTES;
    return DK_OK;
}
