#include "ops/config_range.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>

/* All numbers of the form: prefix, one digit from first to last, then so many free digits. */
struct block {
    int64_t prefix; /* 0: none */
    int64_t first;
    int64_t last;
    int free_min;
    int free_max;
};

/* The largest block that begins at `number` and does not pass `max`; moves `number` behind it. */
static struct block take_block(int64_t *number, int64_t max)
{
    int64_t unit = 1;
    int free_digits = 0;

    while (unit <= *number / 10 && *number % (unit * 10) == 0 && unit * 10 - 1 <= max - *number) {
        unit *= 10;
        free_digits++;
    }
    struct block block = {.prefix = *number / unit / 10,
                          .first = *number / unit % 10,
                          .free_min = free_digits,
                          .free_max = free_digits};
    int64_t fitting = (max - *number + 1) / unit;
    block.last = block.first + fitting - 1 > 9 ? 9 : block.first + fitting - 1;
    *number += (block.last - block.first + 1) * unit;
    return block;
}

static bool is_whole_length(const struct block *block)
{
    return block->prefix == 0 && block->first == 1 && block->last == 9;
}

static void add_block(const struct block *block, struct text *out)
{
    text_add(out, "%s", out->size > 0 && out->bytes[out->size - 1] != '(' ? "|" : "");
    if (block->prefix > 0) {
        text_add(out, "%" PRId64, block->prefix);
    }
    if (block->first == block->last) {
        text_add(out, "%" PRId64, block->first);
    } else {
        text_add(out, "[%" PRId64 "-%" PRId64 "]", block->first, block->last);
    }
    if (block->free_max > 0) {
        text_add(out, "[0-9]");
    }
    if (block->free_min != block->free_max) {
        text_add(out, "{%d,%d}", block->free_min, block->free_max);
    } else if (block->free_max > 1) {
        text_add(out, "{%d}", block->free_max);
    }
}

void config_range_add(int64_t min, int64_t max, struct text *out)
{
    assert(min >= 0);
    assert(min <= max);
    int64_t number = min;
    struct block block = take_block(&number, max);

    while (number <= max) {
        struct block next = take_block(&number, max);
        if (is_whole_length(&block) && is_whole_length(&next) &&
            next.free_min == block.free_max + 1) {
            block.free_max = next.free_max;
        } else {
            add_block(&block, out);
            block = next;
        }
    }
    add_block(&block, out);
}
