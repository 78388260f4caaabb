/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.RPCTimeEvaluator on a clock that the test moves. */
#include "bench.h"

/* The conversion to doubles, which is the code's own, against the compiler's. */
uint64_t dk_ratio_to_double(uint64_t numerator, uint64_t denominator);

static bench b;
static uint64_t executor;

typedef struct timing {
    const char *name;
    int64_t number;
    int64_t repeat;
    int64_t min_repeat_ms;
    int64_t limit_zero;
    int64_t cooldown_ms;
    int64_t repeats_to_cooldown;
} timing;

static request evaluator_request(uint64_t module, const timing *t) {
    request r = call_of(global_function(&b, "runtime.RPCTimeEvaluator"));
    put_types(&r, module != 0 ? MODULE : NIL, STR, INT, INT, INT, INT, INT, INT, INT, INT, INT, STR,
              -1);
    if (module != 0) {
        put_u64(&r, module);
    }
    put_str(&r, t->name);
    put_u64(&r, 1);
    put_u64(&r, 0);
    put_u64(&r, (uint64_t)t->number);
    put_u64(&r, (uint64_t)t->repeat);
    put_u64(&r, (uint64_t)t->min_repeat_ms);
    put_u64(&r, (uint64_t)t->limit_zero);
    put_u64(&r, (uint64_t)t->cooldown_ms);
    put_u64(&r, (uint64_t)t->repeats_to_cooldown);
    put_u64(&r, 0);
    put_str(&r, "");
    return r;
}

static uint64_t evaluator(const timing *t) {
    request r = evaluator_request(executor, t);
    return call_for_handle(&b, &r, FUNC);
}

/* Evaluates, and returns how many doubles came back. */
static int evaluate(uint64_t function, double *means) {
    request r = call_of(function);
    put_types(&r, -1);
    const uint8_t *body = ask(&b, &r, RETURN);
    CHECK(get_u32(body) == 2 && get_u32(body + 8) == BYTES && get_u64(body + 12) == BYTES);
    uint64_t size = get_u64(body + 20);
    CHECK(size % 8 == 0);
    for (uint64_t i = 0; i < size / 8; ++i) {
        uint64_t bits = get_u64(body + 28 + 8 * i);
        memcpy(&means[i], &bits, 8);
    }
    return (int)(size / 8);
}

static void setup(uint64_t run_ns) {
    bench_setup(&b);
    executor = create_executor(&b);
    b.run_ns = run_ns;
}

static void check_ratio(uint64_t numerator, uint64_t denominator) {
    /* Both are below 2^53, so this division rounds once. */
    double expected = (double)numerator / (double)denominator;
    uint64_t bits;
    memcpy(&bits, &expected, 8);
    CHECK(dk_ratio_to_double(numerator, denominator) == bits);
}

static void test_ratio_to_double(void) {
    const uint64_t edges[] = {1,
                              2,
                              3,
                              7,
                              10,
                              1000,
                              1000000000,
                              999999999,
                              123456,
                              UINT32_MAX,
                              1ull << 32,
                              (1ull << 53) - 1,
                              1ull << 52,
                              6004799503160661ull,
                              4503599627370497ull};
    const int count = sizeof edges / sizeof edges[0];
    for (int i = 0; i < count; ++i) {
        check_ratio(0, edges[i]);
        for (int j = 0; j < count; ++j) {
            check_ratio(edges[i], edges[j]);
        }
    }
    uint64_t seed = 88172645463325252ull;
    for (int i = 0; i < 200000; ++i) {
        uint64_t pair[2];
        for (int j = 0; j < 2; ++j) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            pair[j] = (seed >> 11) >> (seed & 31);
        }
        check_ratio(pair[0], pair[1] | 1);
    }
    /* The largest operands there can be: 2^62 ns, and INT32_MAX calls in nanoseconds. */
    uint64_t bits = dk_ratio_to_double(1ull << 62, 1ull << 62);
    CHECK(bits == 0x3ff0000000000000ull);
    bits = dk_ratio_to_double(INT64_MAX, 1);
    CHECK(bits == 0x43e0000000000000ull); /* rounds up to 2^63 */
}

static void test_mean_of_each_repeat(void) {
    setup(2500);
    double means[8];
    uint64_t function = evaluator(&(timing){"run", 4, 3, 0, 100, 0, 1});
    CHECK(evaluate(function, means) == 3);
    for (int i = 0; i < 3; ++i) {
        CHECK(means[i] == 2500 / 1e9);
    }
    /* One call is not measured. The hooks' own time (1 ms each) is not in the result. */
    CHECK(b.runs == 1 + 3 * 4 && b.before == 3 && b.after == 3 && b.sleeps == 0);
}

/* min_repeat_ms: number grows to what the last try says is enough, or by 1.618 at least. */
static void test_min_repeat_ms(void) {
    setup(30000); /* 30 us */
    double means[8];
    uint64_t function = evaluator(&(timing){"run", 1, 2, 1, 100, 0, 1});
    CHECK(evaluate(function, means) == 2);
    CHECK(means[0] == 30000 / 1e9 && means[1] == 30000 / 1e9);
    /* 1 call takes 30 us; 1000/30 + 1 = 34 calls (34.33) take 1020 us. The second repeat begins
     * with 34. Before all, one call that is not measured. */
    CHECK(b.runs == 1 + (1 + 34) + 34);
    CHECK(b.before == 3 && b.after == 3);
    /* A second evaluation begins with 34 as well. */
    b.runs = 0;
    CHECK(evaluate(function, means) == 2);
    CHECK(b.runs == 1 + 34 + 34);
}

static void test_growth_by_the_golden_ratio(void) {
    setup(0);
    double means[8];
    b.run_ns = 999;
    /* 1000 calls take 999 us; 1 ms / 0.999 us + 1 = 1002 < 1618. */
    uint64_t function = evaluator(&(timing){"run", 1000, 1, 1, 100, 0, 1});
    CHECK(evaluate(function, means) == 1);
    CHECK(b.runs == 1 + 1000 + 1618);
    CHECK(means[0] == 999 / 1e9);
}

/* A long min_repeat_ms, with a clock so fine that 64 bits would not hold the product. */
static void test_growth_of_giants(void) {
    setup(0);
    double means[8];
    b.run_ns = 500000000000ull; /* 500 s */
    uint64_t function = evaluator(&(timing){"run", 1, 1, INT32_MAX, 100, 0, 1});
    CHECK(evaluate(function, means) == 1);
    /* 2147483.647 s / 500 s + 1 = 4295.97; measured with less than 1 in 10^6 of error. */
    CHECK(b.runs >= 1 + 1 + 4295 && b.runs <= 1 + 1 + 4297);
    CHECK(means[0] == 500.0);
}

/* A clock too coarse to see the call: after limit_zero_time_iterations tries 0 is the answer. */
static void test_zero_time(void) {
    setup(0);
    double means[8];
    uint64_t function = evaluator(&(timing){"run", 2, 1, 10, 5, 0, 1});
    CHECK(evaluate(function, means) == 1);
    CHECK(means[0] == 0.0);
    CHECK(b.runs == 1 + 5 * 2);
    /* No limit at all is one try; so is a negative one. */
    b.runs = 0;
    function = evaluator(&(timing){"run", 2, 1, 10, -3, 0, 1});
    CHECK(evaluate(function, means) == 1);
    CHECK(b.runs == 1 + 2);
}

static void test_cooldown(void) {
    setup(10);
    double means[8];
    uint64_t function = evaluator(&(timing){"run", 1, 5, 0, 100, 7, 2});
    CHECK(evaluate(function, means) == 5);
    CHECK(b.sleeps == 3 && b.slept_ms == 21); /* after repeats 0, 2 and 4 */

    timing zero = {"run", 1, 5, 0, 100, 7, 0};
    request r = evaluator_request(executor, &zero);
    ask_refused(&b, &r, "repeats_to_cooldown must be at least 1");
    b.platform.sleep_ms = NULL;
    timing cool = {"run", 1, 5, 0, 100, 7, 1};
    r = evaluator_request(executor, &cool);
    ask_refused(&b, &r, "cannot sleep");
}

static void test_refused(void) {
    setup(10);
    timing t = {"nothing", 1, 1, 0, 100, 0, 1};
    request r = evaluator_request(executor, &t);
    ask_refused(&b, &r, "no function to time named 'nothing'");
    r = evaluator_request(executor + 1, &t);
    ask_refused(&b, &r, "a handle of another kind");
    r = evaluator_request(executor ^ 0x100, &t);
    ask_refused(&b, &r, "a handle of another kind");
    t = (timing){"run", 0, 1, 0, 100, 0, 1};
    r = evaluator_request(executor, &t);
    ask_refused(&b, &r, "at least 1");
    t = (timing){"run", 1, 0, 0, 100, 0, 1};
    r = evaluator_request(executor, &t);
    ask_refused(&b, &r, "at least 1");
    t = (timing){"run", 1, INT32_MAX, 0, 100, 0, 1};
    r = evaluator_request(executor, &t);
    uint64_t function = call_for_handle(&b, &r, FUNC);
    r = call_of(function);
    put_types(&r, -1);
    ask_refused(&b, &r, "packet buffer");
    /* The request's 27 bytes leave 485 of the buffer's 512: room for 60 doubles. */
    t.repeat = 61;
    r = evaluator_request(executor, &t);
    function = call_for_handle(&b, &r, FUNC);
    r = call_of(function);
    put_types(&r, -1);
    ask_refused(&b, &r, "packet buffer");
    /* Arguments that the timed function does not take. */
    t.repeat = 1;
    r = evaluator_request(executor, &t);
    function = call_for_handle(&b, &r, FUNC);
    r = call_of(function);
    put_types(&r, INT, -1);
    put_u64(&r, 1);
    ask_refused(&b, &r, "too many arguments");
    /* The model fails; a hook fails. */
    r = call_of(function);
    put_types(&r, -1);
    b.run_result = -12;
    ask_refused(&b, &r, "the model failed with error -12");
    b.run_result = 0;
    b.hook_result = -3;
    ask_refused(&b, &r, "measurement hook failed: -3");
    b.hook_result = 0;
    ask(&b, &r, RETURN);
}

/* The newest evaluator is the one that there is, as with TVM. */
static void test_older_evaluators_are_stale(void) {
    setup(10);
    uint64_t first = evaluator(&(timing){"run", 1, 1, 0, 100, 0, 1});
    uint64_t second = evaluator(&(timing){"run", 1, 1, 0, 100, 0, 1});
    CHECK(first != second);
    request r = call_of(first);
    put_types(&r, -1);
    ask_refused(&b, &r, "a handle of another kind");
    double means[8];
    CHECK(evaluate(second, means) == 1);
    /* Yet freeing the stale one is fine. */
    r = request_of(FREE);
    put_types(&r, HANDLE, INT, -1);
    put_u64(&r, first);
    put_u64(&r, FUNC);
    ask(&b, &r, RETURN);
    /* An evaluator of a replaced executor is refused when it runs. */
    create_executor(&b);
    r = call_of(second);
    put_types(&r, -1);
    ask_refused(&b, &r, "a handle of another kind");
}

static void test_other_functions(void) {
    setup(10);
    double means[8];
    /* A global function. */
    timing t = {"microtvm.memory_stats", 3, 2, 0, 100, 0, 1};
    request r = evaluator_request(0, &t);
    uint64_t function = call_for_handle(&b, &r, FUNC);
    CHECK(evaluate(function, means) == 2 && means[0] == 0.0);
    /* One that replaces the evaluator while it runs. */
    t.name = "runtime.RPCTimeEvaluator";
    r = evaluator_request(0, &t);
    function = call_for_handle(&b, &r, FUNC);
    r = call_of(function);
    put_types(&r, NIL, STR, INT, INT, INT, INT, INT, INT, INT, INT, INT, STR, -1);
    put_str(&r, "runtime.SystemLib");
    for (int i = 0; i < 9; ++i) {
        put_u64(&r, 1);
    }
    put_str(&r, "");
    ask(&b, &r, RETURN);
    CHECK(evaluate(b.server.time_evaluator_generation << 8 | 7u << 28, means) == 1);
    /* The system library's function, with its arguments. */
    uint64_t library = system_lib(&b);
    uint64_t x = allocate(&b, 16);
    uint64_t s = allocate(&b, 4);
    uint64_t doubled = allocate(&b, 16);
    uint64_t same = allocate(&b, 4);
    t = (timing){"tvmgen_toy_run", 5, 1, 0, 100, 0, 1};
    r = evaluator_request(library, &t);
    function = call_for_handle(&b, &r, FUNC);
    r = call_of(function);
    put_types(&r, TENSOR, TENSOR, TENSOR, TENSOR, -1);
    put_tensor(&r, x, 0x12002, 0, 2, 1, 4);
    put_tensor(&r, s, 0x10800, 0, 2, 2, 2);
    put_tensor(&r, doubled, 0x12002, 0, 2, 1, 4);
    put_tensor(&r, same, 0x10800, 0, 2, 2, 2);
    b.runs = 0;
    const uint8_t *body = ask(&b, &r, RETURN);
    CHECK(get_u64(body + 12) == BYTES && get_u64(body + 20) == 8);
    CHECK(b.runs == 1 + 5);
}

/* A clock that steps back does not make giants. */
static void test_clock_that_steps_back(void) {
    setup(0);
    b.run_ns = (uint64_t)-5;
    double means[8];
    uint64_t function = evaluator(&(timing){"run", 1, 1, 0, 100, 0, 1});
    CHECK(evaluate(function, means) == 1 && means[0] == 0.0);
}

int main(void) {
    test_ratio_to_double();
    test_mean_of_each_repeat();
    test_min_repeat_ms();
    test_growth_by_the_golden_ratio();
    test_growth_of_giants();
    test_zero_time();
    test_cooldown();
    test_refused();
    test_older_evaluators_are_stale();
    test_other_functions();
    test_clock_that_steps_back();
    return 0;
}
