/* kafka_probe source: a source whose partition actors check and tell. SIGTERM stops it, SIGUSR1
 * asks the group whether we are still known. */
#include "actors/edge/kafka_mark.h"
#include "actors/edge/kafka_source.h"
#include "actors/messages.h"
#include "runtime/actor.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"
#include "tests/unit/actors/edge/kafka_probe.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { PARTITIONS_MAX = 64, PROPERTIES_MAX = 16 };

struct reader {
    struct actor actor;
    struct probe *probe;
    int32_t number;
    bool is_open;
    bool is_held;
    int64_t next; /* -1: whatever comes first */
};

struct probe {
    struct kafka_probe_arguments arguments;
    struct loop *loop;
    struct metrics *metrics;
    struct kafka_source *source;
    struct reader readers[PARTITIONS_MAX];
    uv_signal_t terminate;
    uv_signal_t question;
    uv_timer_t hold; /* what was revoked is released when it ends */
    int64_t total;
    int64_t total_max;
    uint64_t began_ns;
    bool is_stopping;
};

static int64_t number(const struct probe *probe, const char *name, const char *otherwise)
{
    return kafka_probe_number(&probe->arguments, name, otherwise);
}

static void stop(struct probe *probe)
{
    if (!probe->is_stopping) {
        probe->is_stopping = true;
        kafka_source_stop(probe->source);
    }
}

static void ask(struct reader *r)
{
    struct msg msg = {
        .type = MSG_SOURCE_RESUME,
        .from = &r->actor,
        .as_SOURCE_RESUME = {.records_max = (size_t)number(r->probe, "slice", "4096")},
    };
    actor_send(kafka_source_actor(r->probe->source, r->number), &msg);
}

/* As if each record took so many nanoseconds. */
static void spin(const struct reader *r, size_t count)
{
    uint64_t until_ns = uv_hrtime() + count * (uint64_t)number(r->probe, "work", "0");
    while (uv_hrtime() < until_ns) {
        /* busy */
    }
}

static void check_order(struct reader *r, const struct msg_source_records *m)
{
    for (size_t i = 0; i < m->count; i++) {
        if (r->next >= 0 && m->records[i].offset != r->next) {
            printf("gap %d expected %" PRId64 " got %" PRId64 "\n", r->number, r->next,
                   m->records[i].offset);
        }
        r->next = m->records[i].offset + 1;
    }
}

static void on_records(struct reader *r, const struct msg_source_records *m)
{
    struct probe *probe = r->probe;
    int64_t first = m->records[0].offset;
    check_order(r, m);
    if (probe->total == 0) {
        probe->began_ns = uv_hrtime();
    }
    probe->total += (int64_t)m->count;
    spin(r, m->count);
    printf("records %d %" PRId64 " %" PRId64 " end %" PRId64 "%s\n", r->number, first, r->next - 1,
           m->log_end, m->is_drained ? " drained" : "");
    if (number(probe, "commits", "1") != 0) {
        const struct kafka_mark mark = {3, r->next, 0};
        kafka_source_commit(probe->source, r->number, r->next, &mark);
    }
    if (probe->total_max > 0 && probe->total >= probe->total_max) {
        stop(probe);
    } else if (r->is_open) {
        ask(r);
    }
}

static void reader_receive(struct actor *actor, const struct msg *msg)
{
    struct reader *r = container_of(actor, struct reader, actor);
    if (msg->type == MSG_SOURCE_RECORDS) {
        on_records(r, &msg->as_SOURCE_RECORDS);
    } else if (msg->type == MSG_SOURCE_IDLE) {
        printf("idle %d %" PRId64 "\n", r->number, msg->as_SOURCE_IDLE.quiet_ms);
    }
    fflush(stdout);
}

static const struct actor_class reader_class = {
    .name = "reader",
    .receive = reader_receive,
    .mailbox_capacity = 4,
};

static void state_path(const struct reader *r, char *path, size_t size)
{
    snprintf(path, size, "%s/%d", kafka_probe_option(&r->probe->arguments, "state", "/nonexistent"),
             r->number);
}

static int64_t load_offset(const struct reader *r)
{
    char path[512];
    char name[32];
    snprintf(name, sizeof(name), "offset%d", r->number);
    long long offset = number(r->probe, "offset", "-1");
    offset = number(r->probe, name, "-2") == -2 ? offset : number(r->probe, name, "-2");
    state_path(r, path, sizeof(path));
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)!fscanf(file, "%lld", &offset);
        fclose(file);
    }
    return offset;
}

static void save_offset(const struct reader *r)
{
    char path[512];
    state_path(r, path, sizeof(path));
    FILE *file = r->next < 0 ? NULL : fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%" PRId64, r->next);
        fclose(file);
    }
}

static void on_partition_count(void *context, int32_t count)
{
    (void)context;
    printf("count %d\n", count);
    fflush(stdout);
}

static void on_assigned(void *context, int32_t partition)
{
    struct probe *probe = context;
    struct reader *r = &probe->readers[partition];
    *r = (struct reader){.probe = probe, .number = partition, .is_open = true};
    actor_init(&r->actor, &reader_class, loop_sched(probe->loop));
    r->next = load_offset(r);
    printf("assigned %d %" PRId64 "\n", partition, r->next);
    fflush(stdout);
    kafka_source_start_partition(probe->source, partition, r->next, &r->actor);
    ask(r);
}

static void release(struct reader *r)
{
    save_offset(r);
    printf("released %d\n", r->number);
    fflush(stdout);
    actor_deinit(&r->actor);
    kafka_source_release(r->probe->source, r->number);
}

static void on_hold_ended(uv_timer_t *timer)
{
    struct probe *probe = container_of(timer, struct probe, hold);
    for (int32_t i = 0; i < PARTITIONS_MAX; i++) {
        if (probe->readers[i].is_held) {
            probe->readers[i].is_held = false;
            release(&probe->readers[i]);
        }
    }
}

static void on_revoked(void *context, int32_t partition, bool is_lost)
{
    struct probe *probe = context;
    struct reader *r = &probe->readers[partition];
    int64_t hold_ms = number(probe, "hold", "0");
    printf("%s %d %" PRId64 "\n", is_lost ? "lost" : "revoked", partition, r->next);
    fflush(stdout);
    r->is_open = false;
    r->is_held = !is_lost && !probe->is_stopping && hold_ms > 0;
    if (r->is_held) {
        (void)uv_timer_start(&probe->hold, on_hold_ended, (uint64_t)hold_ms, 0);
    } else {
        release(r);
    }
}

static void on_lost_log(void *context, int32_t partition)
{
    (void)context;
    printf("lost_log %d\n", partition);
    fflush(stdout);
}

static void on_failed(void *context, enum status status)
{
    printf("failed %s\n", status_text(status));
    stop(context);
}

static void on_stopped(void *context)
{
    struct probe *probe = context;
    printf("stopped\n");
    loop_stop(probe->loop);
}

static void on_terminate(uv_signal_t *handle, int signal_number)
{
    (void)signal_number;
    stop(container_of(handle, struct probe, terminate));
}

static void on_confirmed(void *context, bool is_confirmed)
{
    struct probe *probe = context;
    printf("confirmed %d joined %d\n", is_confirmed, kafka_source_has_joined(probe->source));
    fflush(stdout);
}

static void on_question(uv_signal_t *handle, int signal_number)
{
    (void)signal_number;
    struct probe *probe = container_of(handle, struct probe, question);
    kafka_source_confirm(probe->source, on_confirmed, probe);
    printf("asked joined %d\n", kafka_source_has_joined(probe->source));
    fflush(stdout);
}

static void set_start(const struct probe *probe, struct kafka_source_options *o)
{
    const char *start = kafka_probe_option(&probe->arguments, "start", "earliest");
    if (strcmp(start, "latest") == 0) {
        o->start = KAFKA_START_latest;
    } else if (strcmp(start, "earliest") != 0) {
        o->start = KAFKA_START_time;
        o->start_time_ms = strtoll(start, NULL, 10);
    }
}

static void watch(struct probe *probe)
{
    uv_loop_t *loop = loop_uv(probe->loop);
    (void)uv_signal_init(loop, &probe->terminate);
    (void)uv_signal_start(&probe->terminate, on_terminate, SIGTERM);
    (void)uv_signal_init(loop, &probe->question);
    (void)uv_signal_start(&probe->question, on_question, SIGUSR1);
    (void)uv_timer_init(loop, &probe->hold);
}

static void finish(struct probe *probe)
{
    kafka_source_destroy(&probe->source);
    uv_close((uv_handle_t *)&probe->terminate, NULL);
    uv_close((uv_handle_t *)&probe->question, NULL);
    uv_close((uv_handle_t *)&probe->hold, NULL);
    loop_drain(probe->loop);
    loop_destroy(&probe->loop);
    metrics_destroy(&probe->metrics);
}

int kafka_probe_source_run(int argc, char **argv)
{
    struct probe probe = {.arguments = {argc - 3, argv + 3}, .metrics = metrics_create()};
    struct kafka_property properties[PROPERTIES_MAX];
    kafka_probe_properties(&probe.arguments, properties, PROPERTIES_MAX);
    if (loop_create(sizeof(struct msg), &probe.loop) != STATUS_OK) {
        return 1;
    }
    struct kafka_source_options options = {
        .loop = probe.loop,
        .metrics = probe.metrics,
        .brokers = argv[0],
        .topic = argv[1],
        .group = argv[2],
        .assignment =
            number(&probe, "shards", "0") > 0 ? KAFKA_ASSIGNMENT_ordinal : KAFKA_ASSIGNMENT_group,
        .shard_count = (int32_t)number(&probe, "shards", "1"),
        .shard_index = (int32_t)number(&probe, "index", "0"),
        .instance_id = kafka_probe_option(&probe.arguments, "instance", ""),
        .session_timeout_ms = number(&probe, "session", "6000"),
        .moves_partitions = number(&probe, "moves", "0") != 0,
        .properties = properties,
        .owner = {.context = &probe,
                  .partition_count = on_partition_count,
                  .assigned = on_assigned,
                  .revoked = on_revoked,
                  .lost_log = on_lost_log,
                  .failed = on_failed,
                  .stopped = on_stopped},
    };
    set_start(&probe, &options);
    probe.total_max = number(&probe, "count", "0");
    if (kafka_source_create(&options, &probe.source) != STATUS_OK) {
        return 2;
    }
    watch(&probe);
    printf("running\n");
    fflush(stdout);
    enum status status = loop_run(probe.loop);
    kafka_probe_rate(probe.total, probe.began_ns);
    printf("total %" PRId64 "\n", probe.total);
    finish(&probe);
    return status == STATUS_OK ? 0 : 1;
}
