/* SPDX-License-Identifier: Apache-2.0 */
/* An Arduino Mega 2560 as its serial port shows it: simavr runs the chip with its real bootloader,
 * and its first UART is a pseudo-terminal. As on the board, opening the port resets the chip.
 *
 *     mega2560 BOOTLOADER.hex LINK [native]
 *
 * With "native" the port is as on boards whose chip has USB of its own (no Mega has): opening does
 * not reset, but closing at 1200 baud makes the port go and the bootloader come, under the name
 * LINK.1; when it was programmed, the sketch comes under LINK.2, and so on.
 *
 * LINK is made to point to the port. Commands, one a line, on standard input, each answered "ok":
 *     unplug   the port goes; the chip loses its power
 *     plug     the port comes back under a new device, and the chip starts; its flash is kept
 *     hang     the chip stands still until it is reset
 *     reset    the button is pressed
 *     pulses   answered by how often D7 went low since the reset, instead
 * It ends with its standard input.
 *
 * While bytes come and go the chip runs at up to SPEED times its real speed, else at its real one;
 * a busy machine makes it slower. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_hex.h>

enum { CLOCK_HZ = 16000000, SPEED = 8, SLICE_CYCLES = 8000, LINE_BYTES = 64 };
enum { BOOTLOADER_START = 0x3e000, OUTPUT_BYTES = 1 << 16 };
enum { BOOTLOADER_STARTS_CYCLES = CLOCK_HZ / 100, BOOTLOADER_WAITS_CYCLES = CLOCK_HZ / 10 };
enum { STK500V2_START = 0x1b, BUSY_NS = 500 * 1000 * 1000 };
enum { AWAY_NS = 300 * 1000 * 1000 };

static avr_t *chip;
static avr_irq_t *uart_input;
static const char *link_path;
static char place[PATH_MAX]; /* link_path, or what it is now called */
static bool is_native;
static unsigned appearances;
static bool is_touched;       /* 1200 baud asked for the bootloader */
static bool is_programmed;    /* the bootloader was spoken to */
static int64_t comes_back_ns; /* 0: it is not away */
static int port = -1;         /* the board's end of the pseudo-terminal; -1: unplugged */
static int keeper = -1;       /* holds a raw terminal's settings while nobody has it open */
static int watch = -1;        /* tells who opens and closes the other end */
static int openers;
static unsigned pulses; /* of D7, PH4 of the chip */
static bool is_hung;
static bool may_receive = true; /* the UART has room */
static bool is_first_byte;      /* nothing has come since the port was opened */
static avr_cycle_count_t reset_cycle;
static int64_t busy_until_ns;
static uint8_t output[OUTPUT_BYTES];
static size_t output_size;

static void fail(const char *what) {
    perror(what);
    exit(EXIT_FAILURE);
}

static void on_output(struct avr_irq_t *irq, uint32_t value, void *context) {
    (void)irq;
    (void)context;
    if (openers > 0 && output_size < sizeof output) { /* else it is lost, as on a wire */
        output[output_size++] = (uint8_t)value;
    }
}

static void on_room(struct avr_irq_t *irq, uint32_t value, void *context) {
    (void)irq;
    (void)value;
    may_receive = *(bool *)context;
}

static void on_pin(struct avr_irq_t *irq, uint32_t value, void *context) {
    (void)context;
    pulses += irq->value != 0 && value == 0;
}

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void stay_busy(void) {
    busy_until_ns = now_ns() + BUSY_NS;
}

static bool is_blank(void) {
    return chip->flash[0] == 0xff && chip->flash[1] == 0xff;
}

static void reset(void) {
    avr_reset(chip);
    reset_cycle = chip->cycle;
    /* As the fuse BOOTRST of an Arduino has it; with USB of its own the bootloader waits to be
     * asked for. */
    chip->pc = is_native && !is_touched && !is_blank() ? 0 : BOOTLOADER_START;
    is_hung = false;
    may_receive = true;
    output_size = 0;
    pulses = 0;
    is_first_byte = true;
    stay_busy();
}

static void plug(void) {
    port = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port < 0 || grantpt(port) < 0 || unlockpt(port) < 0) {
        fail("pseudo-terminal");
    }
    const char *name = ptsname(port);
    keeper = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios settings;
    if (keeper < 0 || tcgetattr(keeper, &settings) < 0) {
        fail(name);
    }
    cfmakeraw(&settings);
    if (tcsetattr(keeper, TCSANOW, &settings) < 0) {
        fail(name);
    }
    watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, name, IN_OPEN | IN_CLOSE) < 0) {
        fail("inotify");
    }
    openers = 0;
    int size =
        snprintf(place, sizeof place, appearances > 0 ? "%s.%u" : "%s", link_path, appearances);
    (void)unlink(place);
    if (size >= (int)sizeof place || symlink(name, place) < 0) {
        fail(place);
    }
    reset();
}

static void unplug(void) {
    (void)unlink(place);
    (void)close(watch);
    (void)close(keeper);
    (void)close(port);
    port = keeper = watch = -1;
}

static bool is_at_1200_baud(void) {
    struct termios settings;
    return tcgetattr(keeper, &settings) == 0 && cfgetospeed(&settings) == B1200;
}

/* The bootloader waits a second for a programmer. It is given a tenth of that here, since who opens
 * the port to talk waits as long each time, and a programmer is let in whenever it comes. */
static void shorten_wait(void) {
    bool is_waiting = is_first_byte && !is_touched && chip->pc >= BOOTLOADER_START;
    if (is_waiting && !is_blank() && chip->cycle - reset_cycle > BOOTLOADER_WAITS_CYCLES) {
        avr_reset(chip);
        chip->pc = 0;
    }
}

static void see_openers(void) {
    char events[4096] __attribute__((aligned(8)));
    ssize_t size = read(watch, events, sizeof events);
    bool is_called = false;
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const void *)(events + at);
        if (event->mask & IN_OPEN) {
            if (openers++ == 0 && !is_native) { /* DTR falls, and its capacitor pulls RESET */
                (void)tcflush(keeper, TCIOFLUSH);
                reset();
            }
        } else if ((event->mask & IN_CLOSE) && openers > 0) {
            openers--;
            is_called |= is_native && openers == 0 && is_at_1200_baud();
        }
        at += (ssize_t)(sizeof *event + event->len);
    }
    bool is_done = is_programmed && openers == 0 && chip->pc < BOOTLOADER_START;
    if (is_called || (is_native && is_done)) {
        unplug();
        is_touched = is_called;
        is_programmed = false;
        comes_back_ns = now_ns() + AWAY_NS;
    }
}

static void run(avr_cycle_count_t cycles) {
    avr_cycle_count_t end = chip->cycle + cycles;
    while (port >= 0 && !is_hung && chip->cycle < end) {
        int state = avr_run(chip);
        if (state == cpu_Done || state == cpu_Crashed) {
            is_hung = true;
        }
    }
}

static void exchange(void) {
    if (output_size > 0) {
        ssize_t sent = write(port, output, output_size);
        if (sent > 0) {
            output_size -= (size_t)sent;
            memmove(output, output + sent, output_size);
            stay_busy();
        }
    }
    uint8_t byte;
    while (may_receive && !is_hung && read(port, &byte, 1) == 1) {
        is_programmed |= is_first_byte && byte == STK500V2_START;
        if (is_first_byte && byte == STK500V2_START) {
            /* The bootloader waits a second of the chip's time, which may be over, or about to be,
             * before a programmer on a busy machine has its turn: it is found all the same. */
            reset();
            run(BOOTLOADER_STARTS_CYCLES);
        }
        is_first_byte = false;
        avr_raise_irq(uart_input, byte);
        stay_busy();
    }
}

static void obey(void) {
    char line[LINE_BYTES];
    if (fgets(line, sizeof line, stdin) == NULL) {
        (void)unlink(place);
        exit(EXIT_SUCCESS);
    }
    if (strcmp(line, "unplug\n") == 0 && port >= 0) {
        unplug();
    } else if (strcmp(line, "plug\n") == 0 && port < 0) {
        plug();
    } else if (strcmp(line, "hang\n") == 0) {
        is_hung = true;
    } else if (strcmp(line, "reset\n") == 0 && port >= 0) {
        reset();
    } else if (strcmp(line, "pulses\n") == 0) {
        (void)printf("%u\n", pulses);
        return;
    } else {
        (void)printf("what?\n");
        return;
    }
    (void)printf("ok\n");
}

static void run_slice(void) {
    int64_t begun = now_ns();
    run(SLICE_CYCLES);
    int64_t now = now_ns();
    int speed = now < busy_until_ns ? SPEED : 1;
    int64_t left = (int64_t)SLICE_CYCLES * 1000000000 / CLOCK_HZ / speed - (now - begun);
    if (left > 0) {
        struct timespec pause = {.tv_nsec = (long)left};
        (void)nanosleep(&pause, NULL);
    }
}

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles) {
    (void)avr;
    (void)cycles; /* run_slice keeps the time */
}

static void make_chip(const char *bootloader) {
    chip = avr_make_mcu_by_name("atmega2560");
    if (chip == NULL) {
        (void)fprintf(stderr, "this simavr has no ATmega2560\n");
        exit(EXIT_FAILURE);
    }
    avr_init(chip);
    chip->frequency = CLOCK_HZ;
    chip->sleep = no_sleep;
    chip->log = LOG_ERROR;
    uint32_t size = 0;
    uint32_t start = 0;
    uint8_t *code = read_ihex_file(bootloader, &size, &start);
    if (code == NULL || start != BOOTLOADER_START) {
        (void)fprintf(stderr, "%s: not the bootloader of a Mega 2560\n", bootloader);
        exit(EXIT_FAILURE);
    }
    memset(chip->flash, 0xff, chip->flashend + 1);
    memcpy(chip->flash + start, code, size);
    free(code);
    chip->codeend = chip->flashend;
    chip->reset_pc = BOOTLOADER_START;

    uint32_t flags = 0;
    avr_ioctl(chip, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(chip, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    static bool yes = true;
    static bool no = false;
    uart_input = avr_io_getirq(chip, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(chip, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT),
                            on_output, NULL);
    avr_irq_register_notify(avr_io_getirq(chip, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON),
                            on_room, &yes);
    avr_irq_register_notify(avr_io_getirq(chip, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF),
                            on_room, &no);
    avr_irq_register_notify(avr_io_getirq(chip, AVR_IOCTL_IOPORT_GETIRQ('H'), 4), on_pin, NULL);
}

int main(int argc, char **argv) {
    is_native = argc == 4 && strcmp(argv[3], "native") == 0;
    if (argc != 3 && !is_native) {
        (void)fprintf(stderr, "usage: mega2560 BOOTLOADER.hex LINK [native]\n");
        return EXIT_FAILURE;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)setvbuf(stdin, NULL, _IONBF, 0);
    link_path = argv[2];
    make_chip(argv[1]);
    plug();
    (void)printf("ready\n");
    for (;;) {
        struct pollfd commands = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&commands, 1, 0) > 0) {
            obey();
        }
        if (comes_back_ns != 0 && now_ns() > comes_back_ns) {
            comes_back_ns = 0;
            appearances++;
            plug();
        }
        if (port >= 0) {
            see_openers();
        }
        if (port >= 0) {
            shorten_wait();
            exchange();
        }
        run_slice();
    }
}
