/* Foreign bytes as a person may look at them: in a table, in JSON, indented, or byte by byte.
 *
 * Nothing that is printed holds a control character, whatever the bytes were. */
#ifndef CANDLED_OPS_DLQ_TEXT_H
#define CANDLED_OPS_DLQ_TEXT_H

#include "ops/text.h"
#include "runtime/slice.h"

/* On one line: control characters and what is no UTF-8 become \xNN. */
void dlq_text_plain(struct text *out, struct slice bytes);

/* A JSON string; what is no UTF-8 becomes the text \xNN. */
void dlq_text_json(struct text *out, struct slice bytes);

/* Valid JSON with an indent of two; every number keeps its digits. */
void dlq_text_indent(struct text *out, struct slice json);

/* 16 bytes a line: offset, hexadecimal, printable characters. */
void dlq_text_dump(struct text *out, struct slice bytes);

#endif
