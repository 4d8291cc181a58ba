/* kafka_probe log: each QUESTION is a word and its numbers (`record:0:17`), and gets a line: the
 * question, then what was answered or the status.
 *
 * count, cluster, ends:P, record:P:OFFSET, at:P:TIME_MS, committed:P, commit:P:OFFSET:ERA:ACKED */
#include "actors/edge/kafka_log.h"
#include "actors/record.h"
#include "tests/unit/actors/edge/kafka_probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct question {
    char word[16];
    int32_t partition;
    int64_t numbers[3];
};

static void tell_record(void *context, const struct record *record)
{
    (void)context;
    printf(" %" PRId64 " %" PRId64 " %.*s", record->offset, record->timestamp_ms,
           (int)record->value.size, (const char *)record->value.bytes);
}

static enum status ask_count(struct kafka_log *log, const struct question *q)
{
    (void)q;
    int32_t count = 0;
    enum status status = kafka_log_partition_count(log, &count);
    printf(" %" PRId32, count);
    return status;
}

static enum status ask_cluster(struct kafka_log *log, const struct question *q)
{
    (void)q;
    char id[META_TEXT_MAX] = "";
    enum status status = kafka_log_cluster(log, id);
    printf(" '%s'", id);
    return status;
}

static enum status ask_ends(struct kafka_log *log, const struct question *q)
{
    int64_t begin = -1;
    int64_t end = -1;
    enum status status = kafka_log_ends(log, q->partition, &begin, &end);
    printf(" %" PRId64 " %" PRId64, begin, end);
    return status;
}

static enum status ask_record(struct kafka_log *log, const struct question *q)
{
    return kafka_log_record(log, q->partition, q->numbers[0], tell_record, NULL);
}

static enum status ask_at(struct kafka_log *log, const struct question *q)
{
    int64_t offset = -1;
    enum status status = kafka_log_offset_at(log, q->partition, q->numbers[0], &offset);
    printf(" %" PRId64, offset);
    return status;
}

static enum status ask_committed(struct kafka_log *log, const struct question *q)
{
    struct kafka_log_commit commit = {-1, -1, -1, 0};
    enum status status = kafka_log_committed(log, q->partition, &commit);
    printf(" %" PRId64 " %" PRId64 " %" PRId64, commit.offset, commit.era, commit.acked);
    return status;
}

static enum status ask_commit(struct kafka_log *log, const struct question *q)
{
    struct kafka_log_commit commit = {q->numbers[0], q->numbers[1], q->numbers[2], 0};
    return kafka_log_commit(log, q->partition, &commit);
}

static const struct {
    const char *word;
    enum status (*ask)(struct kafka_log *log, const struct question *q);
} questions[] = {
    {"count", ask_count},   {"cluster", ask_cluster}, {"ends", ask_ends},
    {"record", ask_record}, {"at", ask_at},           {"committed", ask_committed},
    {"commit", ask_commit},
};

static void answer(struct kafka_log *log, const char *text)
{
    struct question q = {{0}, 0, {0}};
    (void)!sscanf(text, "%15[a-z]:%" SCNd32 ":%" SCNd64 ":%" SCNd64 ":%" SCNd64, q.word,
                  &q.partition, &q.numbers[0], &q.numbers[1], &q.numbers[2]);
    for (size_t i = 0; i < ARRAY_COUNT(questions); i++) {
        if (strcmp(q.word, questions[i].word) == 0) {
            printf("%s", text);
            enum status status = questions[i].ask(log, &q);
            printf(" %s\n", status == STATUS_OK ? "ok" : status_text(status));
            (void)fflush(stdout);
        }
    }
}

int kafka_probe_log_run(int argc, char **argv)
{
    struct kafka_log *log;
    struct kafka_log_options options = {.brokers = argv[0], .topic = argv[1], .group = argv[2]};
    if (kafka_log_create(&options, &log) != STATUS_OK) {
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        answer(log, argv[i]);
    }
    kafka_log_destroy(&log);
    return 0;
}
