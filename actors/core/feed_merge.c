#include "actors/core/feed_merge.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MIN = 64, TEXTS_MIN = 16384 };

void feed_merge_deinit(struct feed_merge *m)
{
    mem_free(m->rows);
    mem_free(m->texts);
    *m = (struct feed_merge){.count = 0};
}

static size_t add_text(struct feed_merge *m, struct slice text)
{
    size_t at = m->texts_size;
    size_t size = at + text.size;
    if (size > m->texts_room) {
        m->texts_room = size * 2 > TEXTS_MIN ? size * 2 : TEXTS_MIN;
        m->texts = mem_resize(m->texts, m->texts_room, 1);
    }
    if (text.size > 0) {
        memcpy(m->texts + at, text.bytes, text.size);
    }
    m->texts_size = size;
    return at;
}

void feed_merge_add(struct feed_merge *m, int64_t open_ms, size_t page, struct slice text)
{
    if (m->count == m->room) {
        m->room = m->room == 0 ? ROWS_MIN : m->room * 2;
        m->rows = mem_resize(m->rows, m->room, sizeof(*m->rows));
    }
    m->rows[m->count++] = (struct feed_merge_row){
        .open_ms = open_ms, .page = page, .text_at = add_text(m, text), .text_size = text.size};
}

static int compare_rows(const void *a, const void *b)
{
    const struct feed_merge_row *one = a;
    const struct feed_merge_row *two = b;
    if (one->open_ms != two->open_ms) {
        return one->open_ms < two->open_ms ? -1 : 1;
    }
    if (one->page != two->page) {
        return one->page < two->page ? -1 : 1;
    }
    /* The same minute twice in a page: the order in which they came. */
    return one->text_at < two->text_at ? -1 : one->text_at > two->text_at;
}

void feed_merge_sort(struct feed_merge *m)
{
    if (m->count > 0) {
        qsort(m->rows, m->count, sizeof(*m->rows), compare_rows);
    }
}

struct slice feed_merge_text(const struct feed_merge *m, size_t index)
{
    assert(index < m->count);
    return (struct slice){m->texts + m->rows[index].text_at, m->rows[index].text_size};
}
