/* SPDX-License-Identifier: Apache-2.0 */
/* Emulating a board on the host, Zephyr before 3.4 wants a main that returns nothing. */
#include "zephyr_headers.h"

int program_main(void);

void main(void) {
    (void)program_main();
}
