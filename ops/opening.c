#include "ops/opening.h"

#include "actors/edge/kafka_log.h"
#include "actors/record.h"
#include "proto/candle.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define REMEDIES(X)                                                                                \
    X(fits,         "")                                                                            \
    X(unverified,   "")                                                                            \
    X(differs,      "was the topic recreated? Start the shards with kafka.on_log_reset=new-era to take the log as it is now") \
    X(ends_before,  "was the topic recreated or cut? Start the shards with kafka.on_log_reset=new-era to take the log as it is now") \
    X(begins_after, "records were lost to retention. Start the shards with kafka.on_log_reset=new-era to go on behind the hole, then run `candled verify --repair`")
/* clang-format on */

static const char *const remedies[] = {
#define X(name, text) [LOG_FIT_##name] = text,
    REMEDIES(X)
#undef X
};

struct record_at {
    int64_t offset;
    struct record_fingerprint fingerprint;
};

static void take_fingerprint(void *context, const struct record *record)
{
    struct record_at *at = context;
    at->offset = record->offset;
    at->fingerprint = record_fingerprint_of(record);
}

/* recovery_check_fn */
static enum status check(void *context, const struct meta *meta, enum log_fit *out_fit)
{
    const struct opening_options *o = context;
    struct record_at before = {.offset = -1};
    int64_t begin;
    int64_t end;
    enum status status = kafka_log_ends(o->log, o->store.partition, &begin, &end);

    if (status == STATUS_OK && meta->next_offset > begin && meta->next_offset <= end) {
        status = kafka_log_record(o->log, o->store.partition, meta->next_offset - 1,
                                  take_fingerprint, &before);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status == STATUS_OK) {
        bool is_there = before.offset >= 0 && before.offset == meta->next_offset - 1;
        *out_fit = log_fit_judge(meta, begin, end, is_there ? &before.fingerprint : NULL);
    }
    return status;
}

static void tell_lost(const struct opening_options *o, const struct recovery *recovery)
{
    log_event(LOG_log_changed, log_text("topic", o->store.topic),
              log_int("partition", o->store.partition),
              log_int("next_offset", recovery->meta.next_offset),
              log_text("reason", log_fit_text(recovery->fit)),
              log_text("action", remedies[recovery->fit]));
}

/* What the group knows; an era that somebody else has begun holds for all partitions, and so does
 * the number of partitions that it began with. */
struct group_memory {
    bool has_commit;
    struct kafka_log_commit commit;
    int64_t era;
    int32_t
        partitions_before; /* a number that is not the topic's; 0: no commit of the era says so */
};

static int32_t other_count(const struct kafka_log_commit *commits, int32_t count, int64_t era)
{
    for (int32_t i = 0; i < count; i++) {
        bool says = commits[i].offset >= 0 && commits[i].era == era && commits[i].partitions > 0;
        if (says && commits[i].partitions != count) {
            return commits[i].partitions;
        }
    }
    return 0;
}

static enum status recall(const struct opening_options *o, int32_t partitions,
                          struct group_memory *out_memory)
{
    struct group_memory memory = {.era = 0};
    struct kafka_log_commit *commits = mem_new((size_t)partitions, sizeof(*commits));
    enum status status = kafka_log_commits(o->log, partitions, commits);

    for (int32_t i = 0; i < partitions && status == STATUS_OK; i++) {
        bool is_there = commits[i].offset >= 0;
        memory.era = is_there && commits[i].era > memory.era ? commits[i].era : memory.era;
        if (is_there && i == o->store.partition) {
            memory.has_commit = true;
            memory.commit = commits[i];
        }
    }
    memory.partitions_before =
        status == STATUS_OK ? other_count(commits, partitions, memory.era) : 0;
    mem_free(commits);
    *out_memory = memory;
    return status;
}

/* An era that a revision cannot hold would be misread by every sink, whoever asked for it. */
static enum status begin_era(struct store *store, int64_t era, bool forgets)
{
    const struct meta *meta = store_meta(store);
    if (era > REVISION_ERA_MAX) {
        log_event(LOG_eras_spent, log_text("topic", meta->topic),
                  log_int("partition", meta->partition), log_int("era", era));
        return STATUS_LOG_LOST;
    }
    log_event(era > meta->era ? LOG_era_begun : LOG_state_outdated, log_text("topic", meta->topic),
              log_int("partition", meta->partition), log_int("era", era),
              log_int("next_offset", meta->next_offset));
    return store_begin_era(store, era, forgets);
}

/* The state is of no use for this log: what it owes is still delivered, and all else begins anew.
 */
static enum status start_over(const struct opening_options *o, int64_t era, struct opening *opening)
{
    enum status status = store_open(&o->store, &opening->store);
    if (status == STATUS_OK) {
        status = begin_era(opening->store, era, true);
    }
    return status;
}

static void tell_repartitioned(const struct opening_options *o, const struct opening *opening,
                               int32_t before)
{
    log_event(LOG_topic_repartitioned, log_text("topic", o->store.topic),
              log_int("partition", o->store.partition), log_int("partitions_before", before),
              log_int("partitions", opening->topic_partitions));
}

/* The state says so; or, where it knows nothing, as that of a partition that was added does not,
 * what the others have committed in its era. */
static enum status check_partitions(const struct opening_options *o,
                                    const struct group_memory *memory,
                                    const struct opening *opening)
{
    const struct meta *meta = store_meta(opening->store);
    bool is_of_the_groups_era = meta->era == memory->era;
    int32_t before = 0;

    if (meta->topic_partitions != 0 && meta->topic_partitions != opening->topic_partitions) {
        before = meta->topic_partitions;
    } else if (is_of_the_groups_era) {
        before = memory->partitions_before;
    }
    if (before == 0) {
        return STATUS_OK;
    }
    tell_repartitioned(o, opening, before);
    return STATUS_REPARTITIONED;
}

/* State that fits the log: an era that was begun for all partitions is taken over; one begins where
 * further state does not fit, since its revisions have been seen. */
static enum status take_over(const struct group_memory *memory, int64_t unfit_era,
                             struct opening *opening)
{
    int64_t era = memory->era > unfit_era + 1 ? memory->era : unfit_era + 1;
    bool begins = era > store_meta(opening->store)->era;
    return begins ? begin_era(opening->store, era, false) : STATUS_OK;
}

/* What is here is of an era that is over; or it is so old that the log has gone on without it, and
 * somebody else has since then: the group remembers a place that the log still holds. Then it is of
 * no use, and nothing is lost with it. */
static bool is_outdated(const struct opening_options *o, const struct group_memory *memory,
                        const struct recovery *recovery)
{
    int64_t begin;
    int64_t end;
    if (memory->era > recovery->meta.era) {
        return true;
    }
    return recovery->fit == LOG_FIT_begins_after && memory->has_commit &&
           memory->commit.era == recovery->meta.era && memory->commit.acked >= 0 &&
           kafka_log_ends(o->log, o->store.partition, &begin, &end) == STATUS_OK &&
           memory->commit.acked >= begin && memory->commit.acked <= end;
}

static bool is_wanted(const struct opening_options *o)
{
    return o->is_given_up == NULL || !atomic_load(o->is_given_up);
}

/* snapshot_progress_fn */
static bool goes_on(void *context, int64_t done_bytes, int64_t total_bytes)
{
    (void)done_bytes;
    (void)total_bytes;
    return is_wanted(context);
}

/* What comes after this step, if it went well and is wanted still. */
static enum status after(const struct opening_options *o, enum status status)
{
    return status == STATUS_OK && !is_wanted(o) ? STATUS_TIMED_OUT : status;
}

static enum status open_state(const struct opening_options *o, const struct group_memory *memory,
                              struct opening *opening)
{
    struct recovery_options options = {
        .store = o->store,
        .remote = o->remote,
        .cluster = opening->cluster,
        .check = check,
        .context = (void *)(uintptr_t)o,
        .progress = {goes_on, (void *)(uintptr_t)o},
        .stops_at_unfit = !o->begins_new_era,
    };
    struct recovery recovery;
    enum status status = recovery_open(&options, &opening->store, &recovery);

    if (status == STATUS_OK) {
        return take_over(memory, recovery.unfit_era, opening);
    }
    if (status != STATUS_LOG_LOST) {
        return status;
    }
    if (is_outdated(o, memory, &recovery)) {
        return start_over(o, memory->era, opening);
    }
    tell_lost(o, &recovery);
    return o->begins_new_era ? start_over(o, recovery.meta.era + 1, opening) : STATUS_LOG_LOST;
}

/* Nothing was read yet: where to begin. A later era begins with the log as it is, whatever
 * kafka.start says. A partition that was added later begins in the middle of windows, even at
 * offset 0. */
static enum status locate(const struct opening_options *o, const struct group_memory *memory,
                          struct opening *opening)
{
    int64_t era = store_meta(opening->store)->era;
    bool is_of_this_era = memory->has_commit && memory->commit.era == era;
    struct log_start_options options = o->start;
    struct log_start start;

    options.start = era > 0 ? KAFKA_START_earliest : options.start;
    enum status status = log_start_find(o->log, o->store.partition, &options,
                                        is_of_this_era ? &memory->commit : NULL, &start);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_added = memory->era > 0 && !memory->has_commit;
    opening->next_offset = start.offset;
    opening->floor_ms = is_added ? META_FLOOR_DUE : start.floor_ms;
    opening->quiet_until = start.quiet_until;
    return STATUS_OK;
}

static enum status find_place(const struct opening_options *o, const struct group_memory *memory,
                              struct opening *opening)
{
    const struct meta *meta = store_meta(opening->store);

    opening->next_offset = meta->next_offset;
    opening->floor_ms = meta->floor_ms;
    return meta->next_offset >= 0 ? STATUS_OK : locate(o, memory, opening);
}

/* For those who look on; nothing depends on it. */
static int64_t find_end(const struct opening_options *o)
{
    int64_t begin;
    int64_t end;
    bool is_told = kafka_log_ends(o->log, o->store.partition, &begin, &end) == STATUS_OK;
    return is_told ? end : -1;
}

enum status opening_run(const struct opening_options *o, struct opening *out_opening)
{
    struct opening opening = {.store = NULL};
    struct group_memory memory;

    enum status status = after(o, kafka_log_partition_count(o->log, &opening.topic_partitions));
    if (status == STATUS_OK) {
        status = after(o, kafka_log_cluster(o->log, opening.cluster));
    }
    if (status == STATUS_OK) {
        status = after(o, recall(o, opening.topic_partitions, &memory));
    }
    if (status == STATUS_OK) {
        status = after(o, open_state(o, &memory, &opening));
    }
    if (status == STATUS_OK) {
        status = check_partitions(o, &memory, &opening);
    }
    if (status == STATUS_OK) {
        status = find_place(o, &memory, &opening);
    }
    if (status != STATUS_OK) {
        store_abandon(&opening.store);
        return status;
    }
    opening.log_end = find_end(o);
    *out_opening = opening;
    return STATUS_OK;
}
