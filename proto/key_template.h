/* Names of keys from templates of the configuration: "crypto:{symbol}:{interval}:{openTime}".
 *
 * Parsed once, rendered per candle. Known placeholders: {symbol}, {interval}, {openTime}. */
#ifndef CANDLED_PROTO_KEY_TEMPLATE_H
#define CANDLED_PROTO_KEY_TEMPLATE_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_TEMPLATE_TEXT_MAX = 256, KEY_TEMPLATE_PARTS_MAX = 16, KEY_MAX = 640 };

enum key_part_kind { KEY_PART_text, KEY_PART_symbol, KEY_PART_interval, KEY_PART_open_time };

struct key_part {
    enum key_part_kind kind;
    uint16_t start; /* of a text, in `text` */
    uint16_t size;
};

struct key_template {
    char text[KEY_TEMPLATE_TEXT_MAX];
    struct key_part parts[KEY_TEMPLATE_PARTS_MAX];
    size_t part_count;
};

/* STATUS_BAD_CONFIG, with a text that says what is wrong in `error`. */
MUST_CHECK enum status key_template_parse(const char *text, struct key_template *out_template,
                                          char *error, size_t error_size);

bool key_template_has(const struct key_template *template, enum key_part_kind kind);

/* Zero-terminated; returns the length. */
size_t key_template_render(const struct key_template *template, const char *symbol,
                           const char *interval, int64_t open_ms, char key[KEY_MAX]);

#endif
