/* A text that grows: printed piece by piece, then sent out as a whole.
 *
 * A zeroed struct is the empty text.
 * Ownership: plain struct; the owner calls text_deinit(). */
#ifndef CANDLED_OPS_TEXT_H
#define CANDLED_OPS_TEXT_H

#include <stddef.h>

struct text {
    char *bytes; /* zero-terminated; NULL while empty */
    size_t size; /* without the zero */
    size_t capacity;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_add_bytes(struct text *text, const void *bytes, size_t size);

/* Between quotation marks, escaped as JSON wants it; bytes that are not UTF-8 pass unchanged. */
void text_add_json(struct text *text, const char *value);

/* Never NULL. */
const char *text_get(const struct text *text);

void text_deinit(struct text *text);

/* "A,B,C" into its parts, so many at most; they lie in the copy, which is changed. */
size_t text_split(char *copy, const char **parts, size_t parts_max);

/* A copy that the caller frees with mem_free(). */
char *text_copy(const char *value);

#endif
