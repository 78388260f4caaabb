/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of EEMBC's runner, which measures MLPerf Tiny: text that ends with '%', answered by
 * lines of which the last is "m-ready". Commands and answers are those of the public description in
 * mlcommons/tiny (benchmark/api, benchmark/runner); the functions that it asks of a submitter are
 * named th_ there and here.
 *
 *     name              m-name-dut-[NAME]
 *     profile           m-profile-[FIRMWARE], m-model-[MODEL]
 *     timestamp         a timestamp
 *     db load N         m-[Expecting N bytes]
 *     db HH[HH]*        nothing, until all N bytes are there: m-load-done
 *     db print [N] [OFFSET]   m-buffer-HH-HH..., 8 bytes a line; all without N
 *     infer [N] [W]     W runs (10), then N (1) with a timestamp before and after, then results
 *     results           m-results-[VALUE,VALUE...]
 *     help              this
 *
 * What cannot be obeyed is answered by "e-[WHY]" and changes nothing.
 */
#ifndef MLPERF_COMMANDS_H_
#define MLPERF_COMMANDS_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where "db" puts what it loads, and how far it got. */
typedef struct {
    uint8_t *bytes;
    size_t capacity;
    size_t expected; /* what "db load" announced */
    size_t loaded;
} mlperf_data;

/* Says that the firmware is ready. `data` has its bytes and their capacity. */
void mlperf_start(mlperf_data *data);

/* Takes the next character from the runner. */
void mlperf_take(char c);

/* What the commands ask: of the template, where to print; */
extern const char th_name[];
#ifdef __AVR__
/* What is only constant is copied to RAM when the chip starts; formats stay in flash. */
#include <avr/pgmspace.h>
#define th_printf(format, ...) th_printf_P(PSTR(format), ##__VA_ARGS__)
void th_printf_P(const char *format, ...);
#else
void th_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif
void th_print_value(float value); /* with three decimals; not all have printf for floats */

/* of mlperf_model.c, */
extern const char th_model[];
void th_load_tensor(void); /* makes the data the model's input */
void th_infer(void);
void th_results(void);

/* and of mlperf_performance.c, which tells the time, or of the template in energy mode, which moves
 * a pin. */
extern const char th_timestamp_mode[];
void th_timestamp_initialize(void);
void th_timestamp(void);

#ifdef __cplusplus
}
#endif

#endif
