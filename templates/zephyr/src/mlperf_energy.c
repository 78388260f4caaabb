/* SPDX-License-Identifier: Apache-2.0 */
/* Energy mode of EEMBC's runner: the board talks at 9600 baud to a device between it and the host,
 * and a timestamp is a pin that goes low for a microsecond and high again, as the energy monitor
 * sees it (README of eembc/energyrunner). The pin is that of the devicetree's
 *
 *     / { zephyr,user { timestamp-gpios = <&gpio0 7 GPIO_ACTIVE_HIGH>; }; };
 *
 * in boards/BOARD.overlay, or D7 of the board's Arduino header. CMakeLists.txt says which. */
#include "mlperf_commands.h"
#include "zephyr_headers.h"

#if defined(__has_include) && __has_include(<zephyr/drivers/gpio.h>)
#include <zephyr/drivers/gpio.h>
#else
#include <drivers/gpio.h>
#endif

#define BAUD    9600
#define HELD_US 1

#define USER DT_PATH(zephyr_user)

#if DT_NODE_HAS_PROP(USER, timestamp_gpios)
static const struct gpio_dt_spec pin = GPIO_DT_SPEC_GET(USER, timestamp_gpios);
#elif defined(ARDUINO_D7_PORT)
static const struct gpio_dt_spec pin = {
    .port = DEVICE_DT_GET(DT_NODELABEL(ARDUINO_D7_PORT)),
    .pin = ARDUINO_D7_PIN,
    .dt_flags = ARDUINO_D7_FLAGS,
};
#else
#error energy mode needs a pin for timestamps: name one in boards/BOARD.overlay, as \
/ { zephyr,user { timestamp-gpios = <&gpio0 7 0>; }; };
#endif

const char th_timestamp_mode[] = "energy";

#if defined(CONFIG_SEMIHOST) || defined(CONFIG_ARCH_POSIX)
/* An emulator's wire has no speed. */
static int set_baud(void) {
    return 0;
}
#else
static int set_baud(void) {
    if (DT_PROP_OR(DT_CHOSEN(zephyr_console), current_speed, 0) == BAUD) {
        return 0; /* as the devicetree has it */
    }
    const struct uart_config config = {
        .baudrate = BAUD,
        .parity = UART_CFG_PARITY_NONE,
        .stop_bits = UART_CFG_STOP_BITS_1,
        .data_bits = UART_CFG_DATA_BITS_8,
        .flow_ctrl = UART_CFG_FLOW_CTRL_NONE,
    };
    return uart_configure(DEVICE_DT_GET(DT_CHOSEN(zephyr_console)), &config);
}
#endif

void th_timestamp_initialize(void) {
    int result = set_baud();
    if (result != 0) {
        th_printf("e-[The UART does not change its speed (%d): write current-speed = <%d> into "
                  "boards/BOARD.overlay]\r\n",
                  result, BAUD);
    }
    result = device_is_ready(pin.port) ? gpio_pin_configure_dt(&pin, GPIO_OUTPUT_ACTIVE) : -ENODEV;
    if (result != 0) {
        th_printf("e-[The pin for timestamps does not work: error %d]\r\n", result);
    }
}

void th_timestamp(void) {
    (void)gpio_pin_set(pin.port, pin.pin, 0);
    k_busy_wait(HELD_US);
    (void)gpio_pin_set(pin.port, pin.pin, 1);
}
