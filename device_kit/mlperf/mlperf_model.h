/* SPDX-License-Identifier: Apache-2.0 */
/* The model as EEMBC's runner, which measures MLPerf Tiny, wants it; mlperf_commands.h lists what
 * is answered. The options' compile_definitions, as TVM 0.18's template had them, say which
 * benchmark it is:
 *
 *     -DTARGET_MODEL=N                            1 kws, 2 vww, 3 ad, 4 ic
 *     -DTH_MODEL_VERSION=EE_MODEL_VERSION_KWS01   its name
 *     -DOUT_QUANT_SCALE=0.00390625 -DOUT_QUANT_ZERO=-128   what an integer output means
 *     -DIN_QUANT_SCALE=... -DIN_QUANT_ZERO=...    for ad with an int8 input, what that means
 *     -DEE_CFG_ENERGY_MODE=1                      a pin for timestamps, which the template moves
 *
 * The template has th_name, th_printf and th_print_value, and in energy mode the timestamps. */
#ifndef MLPERF_MODEL_H_
#define MLPERF_MODEL_H_

#include "mlperf_commands.h"

#define EE_MODEL_VERSION_KWS01 "kws01"
#define EE_MODEL_VERSION_VWW01 "vww01"
#define EE_MODEL_VERSION_AD01  "ad01"
#define EE_MODEL_VERSION_IC01  "ic01"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the model and room for what the runner sends in `memory`, and says that the firmware is
 * ready: give what comes to mlperf_take(). False where it cannot run this model, which was said. */
bool mlperf_model_start(uint8_t *memory, size_t size, mlperf_data *data);

#ifdef __cplusplus
}
#endif

#endif
