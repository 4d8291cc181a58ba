/* What LMDB holds of some symbols, as text by candle: asked for once a symbol, from running shards
 * or from stores that nobody holds.
 *
 * Thread: one that may block. */
#ifndef CANDLED_OPS_STATE_BOOK_H
#define CANDLED_OPS_STATE_BOOK_H

#include "proto/candle.h"

#include <stdbool.h>

struct state_book;

/* Both texts are borrowed. */
struct state_book *state_book_create(const char *data_dir, const char *topic);

void state_book_destroy(struct state_book **book_p);

/* Nobody had any state under data_dir so far: there is nothing to compare with. */
bool state_book_is_empty(const struct state_book *book);

/* As candle_print_json() writes it; NULL: there is none. Lives as long as the book. */
const char *state_book_find(struct state_book *book, const struct candle *candle);

#endif
