#include "tests/sim/topic.h"

#include "runtime/deadlines.h"

#include <assert.h>

enum { PIECES = 40, PAUSE_MS_MIN = 35000, PAUSE_MS = 60000 };

void topic_init(struct topic *t, const struct scenario *scenario, struct rand *rand,
                struct faults *faults)
{
    *t = (struct topic){.scenario = scenario, .rand = rand, .faults = faults};
}

bool topic_is_complete(const struct topic *t, size_t partition)
{
    return t->end[partition] == (int64_t)t->scenario->logs[partition].count;
}

static void produce_some(struct topic *t, size_t partition)
{
    int64_t count = (int64_t)t->scenario->logs[partition].count;
    int64_t left = count - t->end[partition];
    int64_t most = 2 + 2 * count / PIECES;
    int64_t some = (int64_t)rand_below(t->rand, (uint64_t)most);
    t->end[partition] += some > left ? left : some;
}

void topic_advance(struct topic *t, int64_t now_ms)
{
    bool is_complete = true;
    if (now_ms < t->next_ms) {
        return;
    }
    for (size_t p = 0; p < t->scenario->partitions; p++) {
        produce_some(t, p);
        is_complete = is_complete && topic_is_complete(t, p);
    }
    int64_t pause_ms =
        1 + (int64_t)rand_below(t->rand, (uint64_t)(2 * t->scenario->produced_in_ms / PIECES));
    if (faults_strike(t->faults, FAULT_quiet, 2)) {
        pause_ms += PAUSE_MS_MIN + (int64_t)rand_below(t->rand, PAUSE_MS);
    }
    t->next_ms = is_complete ? DEADLINE_NONE : now_ms + pause_ms;
}

struct record topic_record(const struct topic *t, size_t partition, int64_t offset)
{
    assert(offset >= t->begin[partition] && offset < t->end[partition]);
    const struct sim_log *log = &t->scenario->logs[partition];
    struct record record = log->entries[(size_t)(offset + t->shift[partition]) % log->count].record;
    record.offset = offset;
    return record;
}

int64_t topic_offset_at(const struct topic *t, size_t partition, int64_t time_ms)
{
    int64_t offset = t->begin[partition];
    while (offset < t->end[partition] &&
           topic_record(t, partition, offset).timestamp_ms < time_ms) {
        offset++;
    }
    return offset;
}

int64_t topic_wall_ms(const struct topic *t, size_t partition)
{
    const struct sim_log *log = &t->scenario->logs[partition];
    if (topic_is_complete(t, partition)) {
        return log->end_ms + 2 * INT64_C(86400000); /* far past every window */
    }
    return t->end[partition] == 0 ? 0 : log->entries[t->end[partition] - 1].record.timestamp_ms;
}
