/* SPDX-License-Identifier: Apache-2.0 */
/* Performance mode of EEMBC's runner: a timestamp is a line that tells the time. */
#include "mlperf_commands.h"
#include "platform.h"

#define US_PER_S 1000000u

const char th_timestamp_mode[] = "performance";

void th_timestamp_initialize(void) {
}

/* In two halves: not all have printf for 64 bits. */
void th_timestamp(void) {
    uint64_t us = platform.time_ns(NULL) / 1000;
    unsigned long seconds = (unsigned long)(us / US_PER_S);
    unsigned long rest = (unsigned long)(us % US_PER_S);
    if (seconds == 0) {
        th_printf("m-lap-us-%lu\r\n", rest);
    } else {
        th_printf("m-lap-us-%lu%06lu\r\n", seconds, rest);
    }
}
