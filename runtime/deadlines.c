#include "runtime/deadlines.h"

#include "runtime/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

enum { SLOTS_MIN = 16 };

/* A binary heap: the children of slot i are 2i + 1 and 2i + 2, and never come before it. */
struct deadlines {
    struct deadline **heap;
    uint32_t count;
    uint32_t slots;
    uint64_t next_sequence;
};

struct deadlines *deadlines_create(void)
{
    return mem_new(1, sizeof(struct deadlines));
}

void deadlines_destroy(struct deadlines **deadlines_p)
{
    struct deadlines *d = *deadlines_p;
    *deadlines_p = NULL;
    if (d == NULL) {
        return;
    }
    for (uint32_t i = 0; i < d->count; i++) {
        deadlines_init_one(d->heap[i]);
    }
    mem_free(d->heap);
    mem_free(d);
}

void deadlines_init_one(struct deadline *deadline)
{
    *deadline = (struct deadline){.at_ms = DEADLINE_NONE};
}

static bool comes_before(const struct deadline *a, const struct deadline *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->sequence < b->sequence);
}

static void place(struct deadlines *d, struct deadline *deadline, uint32_t index)
{
    d->heap[index] = deadline;
    deadline->index = index;
}

static void sift_up(struct deadlines *d, struct deadline *deadline)
{
    uint32_t index = deadline->index;
    while (index > 0 && comes_before(deadline, d->heap[(index - 1) / 2])) {
        place(d, d->heap[(index - 1) / 2], index);
        index = (index - 1) / 2;
    }
    place(d, deadline, index);
}

static void sift_down(struct deadlines *d, struct deadline *deadline)
{
    uint32_t index = deadline->index;
    for (;;) {
        uint32_t child = 2 * index + 1;
        if (child >= d->count) {
            break;
        }
        if (child + 1 < d->count && comes_before(d->heap[child + 1], d->heap[child])) {
            child++;
        }
        if (!comes_before(d->heap[child], deadline)) {
            break;
        }
        place(d, d->heap[child], index);
        index = child;
    }
    place(d, deadline, index);
}

/* At most one of the two moves it. */
static void sift(struct deadlines *d, struct deadline *deadline)
{
    sift_up(d, deadline);
    sift_down(d, deadline);
}

static void push(struct deadlines *d, struct deadline *deadline)
{
    if (d->count == d->slots) {
        assert(d->slots <= UINT32_MAX / 4);
        d->slots = d->slots == 0 ? SLOTS_MIN : d->slots * 2;
        d->heap = mem_resize(d->heap, d->slots, sizeof(struct deadline *));
    }
    d->count++;
    place(d, deadline, d->count - 1);
    sift_up(d, deadline);
}

static void take_out(struct deadlines *d, struct deadline *deadline)
{
    uint32_t index = deadline->index;
    assert(index < d->count);
    assert(d->heap[index] == deadline);

    d->count--;
    struct deadline *last = d->heap[d->count];
    if (last != deadline) {
        place(d, last, index);
        sift(d, last);
    }
    deadlines_init_one(deadline);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, int64_t at_ms)
{
    if (at_ms == deadline->at_ms) {
        return;
    }
    if (at_ms == DEADLINE_NONE) {
        take_out(deadlines, deadline);
        return;
    }
    bool is_new = deadline->at_ms == DEADLINE_NONE;
    deadline->at_ms = at_ms;
    deadline->sequence = deadlines->next_sequence++;
    if (is_new) {
        push(deadlines, deadline);
    } else {
        sift(deadlines, deadline);
    }
}

uint32_t deadlines_count(const struct deadlines *deadlines)
{
    return deadlines->count;
}

int64_t deadlines_next_ms(const struct deadlines *deadlines)
{
    return deadlines->count == 0 ? DEADLINE_NONE : deadlines->heap[0]->at_ms;
}

struct deadline *deadlines_take_due(struct deadlines *deadlines, int64_t now_ms)
{
    if (deadlines->count == 0 || deadlines->heap[0]->at_ms > now_ms) {
        return NULL;
    }
    struct deadline *first = deadlines->heap[0];
    take_out(deadlines, first);
    return first;
}
