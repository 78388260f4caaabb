/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing here knows the board or the model: tests run it on the host. */
#include "mlperf_commands.h"

#include <string.h>

#define FIRMWARE_VERSION "ULPMark for tinyML Firmware V0.0.1"
#define TERMINATOR       '%'
#define DELIMITERS       " \r\n"
#define PRINTED_PER_LINE 8
#define DEFAULT_WARMUP   10

/* The description's size is 80; it and its runner agree on 62 digits in a command. */
enum { COMMAND_BYTES = 256 };

static mlperf_data *data;

static struct {
    char text[COMMAND_BYTES];
    size_t size;
    bool is_too_long;
    bool is_text;
} command = {.is_text = true};

/* A whole number, in decimal. Numbers of more than 32 bits are none. */
static bool read_number(const char *text, int32_t *number) {
    bool is_negative = *text == '-';
    const char *digit = is_negative ? text + 1 : text;
    int32_t value = 0;
    bool is_number = *digit != '\0';
    for (; is_number && *digit != '\0'; digit++) {
        is_number = *digit >= '0' && *digit <= '9' && value <= (INT32_MAX - (*digit - '0')) / 10;
        value = is_number ? value * 10 + (*digit - '0') : 0;
    }
    if (!is_number) {
        th_printf("e-[Not a number: %.32s]\r\n", text);
        return false;
    }
    *number = is_negative ? -value : value;
    return true;
}

static bool read_optional_number(const char *text, int32_t *number) {
    return text == NULL || read_number(text, number);
}

static void infer(const char *count_text, const char *warmup_text) {
    int32_t count = 1;
    int32_t warmup = DEFAULT_WARMUP;
    if (!read_optional_number(count_text, &count) || !read_optional_number(warmup_text, &warmup)) {
        return;
    }
    if (count <= 0) {
        th_printf("e-[Inference iterations must be >0]\r\n");
        return;
    }
    if (warmup < 0) {
        th_printf("e-[Inference warmup must be >=0]\r\n");
        return;
    }
    /* Without data the model runs on zeros, which takes as long. */
    if (data->expected != 0 && data->loaded != data->capacity) {
        th_printf("e-[The model takes %u bytes; %u were loaded]\r\n", (unsigned)data->capacity,
                  (unsigned)data->loaded);
        return;
    }
    th_load_tensor();
    th_printf("m-warmup-start-%ld\r\n", (long)warmup);
    for (int32_t i = 0; i < warmup; i++) {
        th_infer();
    }
    th_printf("m-warmup-done\r\nm-infer-start-%ld\r\n", (long)count);
    th_timestamp();
    for (int32_t i = 0; i < count; i++) {
        th_infer();
    }
    th_timestamp();
    th_printf("m-infer-done\r\n");
    th_results();
}

static void load(const char *size_text) {
    int32_t size = 0;
    if (size_text == NULL) {
        th_printf("e-[Command 'db load' requires the # of bytes]\r\n");
    } else if (!read_number(size_text, &size)) {
        return;
    } else if (size <= 0) {
        th_printf("e-[Command 'db load' must be >0 bytes]\r\n");
    } else if ((size_t)size > data->capacity) {
        th_printf("e-[The model takes %u bytes, not %ld]\r\n", (unsigned)data->capacity,
                  (long)size);
    } else {
        data->expected = (size_t)size;
        data->loaded = 0;
        th_printf("m-[Expecting %ld bytes]\r\n", (long)size);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* All of the digits, or none: a runner may send the same again. */
static void load_bytes(const char *digits, const char *more) {
    size_t size = strlen(digits);
    if (more != NULL) {
        th_printf("e-[Bytes are written without spaces]\r\n");
        return;
    }
    if (size % 2 != 0) {
        th_printf("e-[Insufficent number of hex digits]\r\n");
        return;
    }
    for (size_t i = 0; i < size; i += 2) {
        if (hex_digit(digits[i]) < 0 || hex_digit(digits[i + 1]) < 0) {
            th_printf("e-[Invalid hex digit '%c%c']\r\n", digits[i], digits[i + 1]);
            return;
        }
    }
    if (data->loaded == data->expected) {
        th_printf("e-[No bytes are expected; see 'db load']\r\n");
        return;
    }
    for (size_t i = 0; i < size; i += 2) {
        data->bytes[data->loaded++] =
            (uint8_t)(hex_digit(digits[i]) * 16 + hex_digit(digits[i + 1]));
        if (data->loaded == data->expected) {
            /* The description disregards what is left. */
            th_printf("m-load-done\r\n");
            return;
        }
    }
}

static void print(const char *count_text, const char *offset_text) {
    int32_t count = INT32_MAX;
    int32_t offset = 0;
    if (!read_optional_number(count_text, &count) || !read_optional_number(offset_text, &offset)) {
        return;
    }
    if (count < 0 || offset < 0 || (size_t)offset > data->expected) {
        th_printf("e-[There are %u bytes to print]\r\n", (unsigned)data->expected);
        return;
    }
    size_t start = (size_t)offset;
    size_t end = data->expected;
    if ((size_t)count < end - start) {
        end = start + (size_t)count;
    }
    for (size_t i = start; i < end; i++) {
        bool is_first = (i - start) % PRINTED_PER_LINE == 0;
        bool is_last = i + 1 == end || (i + 1 - start) % PRINTED_PER_LINE == 0;
        th_printf("%s%02x%s", is_first ? "m-buffer-" : "-", data->bytes[i], is_last ? "\r\n" : "");
    }
}

static void help(void) {
    th_printf(FIRMWARE_VERSION "\r\n\r\n");
    th_printf("help         : Print this information\r\n");
    th_printf("name         : Print the name of the device\r\n");
    th_printf("timestamp    : Generate a timestamp\r\n");
    th_printf("profile      : Print the firmware and the model\r\n");
    th_printf("db load N    : Expect N bytes\r\n");
    th_printf("db HH[HH]*   : Load bytes, in hexadecimal, until there are N\r\n");
    th_printf("db print [N] [OFFSET] : Print bytes that were loaded\r\n");
    th_printf("infer N [W]  : Run W (10) times, then N times with a timestamp around\r\n");
    th_printf("results      : Print the last output\r\n");
}

static void obey_db(const char *first, const char *second, const char *third) {
    if (first == NULL) {
        th_printf("e-[Command 'db' requires a subcommand]\r\n");
    } else if (strcmp(first, "load") == 0) {
        load(second);
    } else if (strcmp(first, "print") == 0) {
        print(second, third);
    } else {
        load_bytes(first, second);
    }
}

/* The next word of a text, which it cuts there; NULL where there is none. */
static char *next_word(char **rest) {
    char *word = *rest + strspn(*rest, DELIMITERS);
    size_t size = strcspn(word, DELIMITERS);
    *rest = word[size] != '\0' ? word + size + 1 : word + size;
    word[size] = '\0';
    return size != 0 ? word : NULL;
}

static void obey(char *text) {
    const char *word = next_word(&text);
    const char *first = next_word(&text);
    const char *second = next_word(&text);
    const char *third = next_word(&text);
    if (word == NULL) {
        th_printf("e-[Empty command]\r\n");
    } else if (strcmp(word, "name") == 0) {
        th_printf("m-name-dut-[%s]\r\n", th_name);
    } else if (strcmp(word, "timestamp") == 0) {
        th_timestamp();
    } else if (strcmp(word, "profile") == 0) {
        th_printf("m-profile-[" FIRMWARE_VERSION "]\r\nm-model-[%s]\r\n", th_model);
    } else if (strcmp(word, "help") == 0) {
        help();
    } else if (strcmp(word, "infer") == 0) {
        infer(first, second);
    } else if (strcmp(word, "results") == 0) {
        th_results();
    } else if (strcmp(word, "db") == 0) {
        obey_db(first, second, third);
    } else {
        th_printf("e-[Unknown command: %.64s]\r\n", word);
    }
}

static void end_command(void) {
    command.text[command.size] = '\0';
    if (!command.is_text) {
        th_printf("e-[A command is text; this one has other bytes]\r\n");
    } else if (command.is_too_long) {
        th_printf("e-[A command has at most %d characters]\r\n", COMMAND_BYTES - 1);
    } else {
        obey(command.text);
    }
    th_printf("m-ready\r\n");
    command.size = 0;
    command.is_too_long = false;
    command.is_text = true;
}

void mlperf_take(char c) {
    if (c == TERMINATOR) {
        end_command();
        return;
    }
    command.is_text &= (c >= ' ' && c <= '~') || c == '\r' || c == '\n';
    command.is_too_long |= command.size == COMMAND_BYTES - 1;
    if (!command.is_too_long) {
        command.text[command.size++] = c;
    }
}

void mlperf_start(mlperf_data *where) {
    data = where;
    data->expected = 0;
    data->loaded = 0;
    th_timestamp_initialize();
    th_printf("m-timestamp-mode-%s\r\n", th_timestamp_mode);
    th_timestamp();
    th_printf("m-init-done\r\nm-ready\r\n");
}
