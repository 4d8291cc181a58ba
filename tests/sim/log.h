/* The log of one partition, made from a seed: the klines of a few symbols as an unkind world
 * delivers them.
 *
 * Minutes come late, twice, corrected, in conflict, without trade ids, out of order, or never;
 * between them come open klines, and records that are no klines at all. */
#ifndef CANDLED_TESTS_SIM_LOG_H
#define CANDLED_TESTS_SIM_LOG_H

#include "actors/record.h"
#include "proto/kline.h"
#include "runtime/rand.h"

#include <stdbool.h>
#include <stddef.h>

struct log_entry {
    struct record record; /* its bytes are the log's */
    struct kline kline;   /* what it says, unless it is garbage */
    bool is_garbage;
};

struct log_options {
    size_t symbols;
    char first_symbol; /* its last letter; the others follow */
    size_t minutes;
    /* In percent. */
    uint64_t lost;
    uint64_t late;
    int64_t late_ms;    /* by so much at most */
    int64_t repeat_ms;  /* so long after the first time at most */
    int64_t correct_ms; /* the same */
    uint64_t repeated;
    uint64_t corrected;
    uint64_t garbage;
    uint64_t empty; /* minutes without a trade */
    uint64_t no_ids;
    size_t gap_minutes; /* half-way nothing happens for so long */
};

struct sim_log {
    struct log_entry *entries; /* by offset, from 0 */
    size_t count;
    int64_t end_ms; /* the event time of the last one */
};

/* The same options and numbers give the same log. */
void sim_log_init(struct sim_log *log, const struct log_options *options, struct rand *rand);

void sim_log_deinit(struct sim_log *log);

#endif
