/* SPDX-License-Identifier: Apache-2.0 */
/* Performance mode of EEMBC's runner: a timestamp is a line that tells the time. */
#include "mlperf_commands.h"
#include "platform.h"

const char th_timestamp_mode[] = "performance";

void th_timestamp_initialize(void) {
}

void th_timestamp(void) {
    th_printf("m-lap-us-%llu\r\n", (unsigned long long)(platform.time_ns(NULL) / 1000));
}
