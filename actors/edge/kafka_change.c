/* What a client reads, or answers its group, is changed by calls that wait for librdkafka's main
 * thread: tens of milliseconds when that is busy with a rebalance. So a worker makes them, in the
 * order in which they were asked for. */
#include "actors/edge/kafka_source_internal.h"
#include "runtime/loop.h"
#include "runtime/mem.h"

struct kafka_change {
    bool is_assign;
    bool is_refused;
    rd_kafka_topic_partition_list_t *list;
    struct kafka_partition *partition; /* which flows then; NULL: none does */
    struct kafka_change *next;
};

/* Thread: a worker. */
static void on_work(struct job *job)
{
    struct kafka_link *link = container_of(job, struct kafka_link, change_job);
    for (struct kafka_change *c = link->changes_under_way; c != NULL; c = c->next) {
        rd_kafka_error_t *error = c->is_assign
                                      ? rd_kafka_incremental_assign(link->client, c->list)
                                      : rd_kafka_incremental_unassign(link->client, c->list);
        c->is_refused = !kafka_source_accept(error, c->is_assign ? "incremental_assign"
                                                                 : "incremental_unassign");
    }
}

/* A partition that is not read would stand still without a word. */
static void end_all(struct kafka_source *source, struct kafka_change *first)
{
    while (first != NULL) {
        struct kafka_change *next = first->next;
        if (first->partition != NULL) {
            if (first->is_refused) {
                kafka_source_fail(source, STATUS_PEER_FATAL);
            }
            kafka_partition_on_assigned(first->partition);
        }
        rd_kafka_topic_partition_list_destroy(first->list);
        mem_free(first);
        first = next;
    }
}

static void on_done(struct job *job);

static void start(struct kafka_link *link)
{
    link->changes_under_way = link->changes;
    link->changes = NULL;
    link->source->holders++;
    job_start_alone(&link->change_job, loop_uv(link->source->options.loop), on_work, on_done);
}

static void on_done(struct job *job)
{
    struct kafka_link *link = container_of(job, struct kafka_link, change_job);
    struct kafka_source *source = link->source;
    end_all(source, link->changes_under_way);
    link->changes_under_way = NULL;
    if (source->is_destroyed) { /* the client ends soon, and with it what was asked of it */
        end_all(source, link->changes);
        link->changes = NULL;
    } else if (link->changes != NULL) {
        start(link);
    } else {
        kafka_group_advance(source);
    }
    kafka_source_let_go(source);
}

void kafka_change_ask(struct kafka_link *link, bool is_assign,
                      rd_kafka_topic_partition_list_t *list, struct kafka_partition *partition)
{
    struct kafka_change *change = mem_new(1, sizeof(*change));
    *change = (struct kafka_change){is_assign, false, list, partition, NULL};
    struct kafka_change **end = &link->changes;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = change;
    if (partition != NULL) {
        partition->holders++;
    }
    if (!link->change_job.is_running) {
        start(link);
    }
}

bool kafka_change_is_done(const struct kafka_link *link)
{
    return !link->change_job.is_running;
}
