/* A set of symbols, by name. Ownership: a zeroed one is empty; batch_symbols_deinit(). */
#ifndef CANDLED_OPS_BATCH_SYMBOLS_H
#define CANDLED_OPS_BATCH_SYMBOLS_H

#include "proto/kline.h"

#include <stdbool.h>
#include <stddef.h>

struct batch_symbols {
    char (*names)[SYMBOL_BYTES_MAX + 1];
    size_t count;
    size_t capacity;
};

bool batch_symbols_has(const struct batch_symbols *symbols, const char *name);

/* Nothing happens when it is there. */
void batch_symbols_add(struct batch_symbols *symbols, const char *name);

void batch_symbols_deinit(struct batch_symbols *symbols);

#endif
