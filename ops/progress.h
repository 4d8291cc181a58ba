/* A bar on the terminal for work that takes a while; nothing at all where there is no terminal. */
#ifndef CANDLED_OPS_PROGRESS_H
#define CANDLED_OPS_PROGRESS_H

#include "ops/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out; /* NULL: silent */
    const char *what;
    const char *unit; /* of what the person counts in: "records" unless it is set */
    uint64_t total;   /* 0: unknown */
    int64_t began_ms;
    int64_t drawn_ms;
};

/* `what` is borrowed. Times are of any clock that does not go back. */
void progress_init(struct progress *progress, bool is_terminal, const char *what, uint64_t total,
                   int64_t now_ms);

/* Draws at most ten times a second. `count` is what the person counts in, `done` what the bar does.
 */
void progress_step(struct progress *progress, uint64_t done, uint64_t count, int64_t now_ms);

/* Wipes the bar, so that the result stands alone. */
void progress_deinit(struct progress *progress);

/* "replaying [=====>    ]  52 %  12,345 records  4 s left", for tests. */
void progress_print(const struct progress *progress, uint64_t done, uint64_t count, int64_t now_ms,
                    struct text *out);

#endif
