/* SPDX-License-Identifier: Apache-2.0 */
/* A fault (a bad pointer in a kernel, a stack that ran over) restarts the board: the host learns
 * that its session has ended instead of waiting for an answer. No header of Zephyr that declares
 * this function is included, since the type of its second parameter differs between releases. */
#if defined(CONFIG_REBOOT) && !defined(CONFIG_ARCH_POSIX)
#if defined(__has_include) && __has_include(<zephyr/sys/reboot.h>)
#include <zephyr/sys/reboot.h>
#else
#include <sys/reboot.h>
#endif

void k_sys_fatal_error_handler(unsigned int reason, const void *esf);

void k_sys_fatal_error_handler(unsigned int reason, const void *esf) {
    (void)reason;
    (void)esf;
    sys_reboot(SYS_REBOOT_COLD);
}
#endif
