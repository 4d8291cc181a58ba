/* What a sink holds, in a file that is mapped before anything fails: it outlives the process and
 * makes no call that could fail. */
#ifndef CANDLED_TESTS_FAULTS_SINK_TABLE_H
#define CANDLED_TESTS_FAULTS_SINK_TABLE_H

#include "state/outbox.h"

#include <stdbool.h>
#include <stdint.h>

enum { SINK_TABLE_ROWS = 2048 };

struct sink_table {
    uint64_t count;
    uint64_t is_broken; /* an equal revision came with other bytes */
    struct sink_table_row {
        uint64_t id;
        int64_t revision; /* of dead letters: 1 */
        uint64_t digest;
    } rows[SINK_TABLE_ROWS];
};

/* NULL: it cannot be mapped. */
struct sink_table *sink_table_open(const char *path);

/* A guarded write, or a dead letter whose repeats are dropped. False: the row cannot be decoded. */
bool sink_table_write(struct sink_table *table, const struct outbox_row *row);

/* In any order of writing the same. */
uint64_t sink_table_digest(const struct sink_table *table);

#endif
