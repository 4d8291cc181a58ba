/* Writes JSON into a buffer that the caller knows to be large enough. Numbers keep their digits. */
#ifndef CANDLED_PROTO_JSON_TEXT_H
#define CANDLED_PROTO_JSON_TEXT_H

#include "proto/decimal.h"
#include "runtime/slice.h"

#include <stdint.h>

struct json_text {
    char *start; /* borrowed */
    char *next;
    char *end;
};

void json_text_init(struct json_text *text, char *buffer, size_t size_max);

/* As it is: punctuation and names that need no escape. */
void json_text_put(struct json_text *text, const char *raw);

/* Quoted and escaped; the string is UTF-8. */
void json_text_put_string(struct json_text *text, struct slice string);

void json_text_put_integer(struct json_text *text, int64_t integer);

void json_text_put_decimal(struct json_text *text, struct decimal decimal);

/* Zero-terminates; returns the length. */
size_t json_text_finish(struct json_text *text);

#endif
