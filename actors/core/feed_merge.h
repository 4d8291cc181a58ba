/* Rows of several pages, gathered page by page and taken in order of time; within a minute in the
 * order of their pages. Pure.
 *
 * Ownership: feed_merge_deinit() frees; a zeroed one is empty. */
#ifndef CANDLED_ACTORS_CORE_FEED_MERGE_H
#define CANDLED_ACTORS_CORE_FEED_MERGE_H

#include "runtime/slice.h"

#include <stddef.h>
#include <stdint.h>

struct feed_merge_row {
    int64_t open_ms;
    size_t page;
    size_t text_at; /* in texts */
    size_t text_size;
};

struct feed_merge {
    struct feed_merge_row *rows;
    size_t count;
    size_t room;
    char *texts;
    size_t texts_size;
    size_t texts_room;
};

void feed_merge_deinit(struct feed_merge *merge);

/* Copies the text. */
void feed_merge_add(struct feed_merge *merge, int64_t open_ms, size_t page, struct slice text);

/* From now on the rows are in their order. */
void feed_merge_sort(struct feed_merge *merge);

struct slice feed_merge_text(const struct feed_merge *merge, size_t index);

#endif
