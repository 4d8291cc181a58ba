#include "ops/batch_symbols.h"

#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>

/* The place of the first name that is not before this one. */
static size_t place_of(const struct batch_symbols *symbols, const char *name)
{
    size_t low = 0;
    size_t high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(symbols->names[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_there(const struct batch_symbols *symbols, size_t place, const char *name)
{
    return place < symbols->count && strcmp(symbols->names[place], name) == 0;
}

bool batch_symbols_has(const struct batch_symbols *symbols, const char *name)
{
    return is_there(symbols, place_of(symbols, name), name);
}

void batch_symbols_add(struct batch_symbols *symbols, const char *name)
{
    size_t place = place_of(symbols, name);
    if (is_there(symbols, place, name)) {
        return;
    }
    if (symbols->count == symbols->capacity) {
        symbols->capacity = symbols->capacity * 2 + 16;
        symbols->names = mem_resize(symbols->names, symbols->capacity, sizeof(*symbols->names));
    }
    memmove(symbols->names + place + 1, symbols->names + place,
            (symbols->count - place) * sizeof(*symbols->names));
    snprintf(symbols->names[place], sizeof(symbols->names[place]), "%s", name);
    symbols->count++;
}

void batch_symbols_deinit(struct batch_symbols *symbols)
{
    mem_free(symbols->names);
    *symbols = (struct batch_symbols){.count = 0};
}
