/* The Kafka edges on a real loop, with actors that only check and tell;
 * tests/integration/kafka_edges.py runs it and reads its lines.
 *
 *   kafka_probe source BROKERS TOPIC GROUP [name=value...]   start= offset= count= slice= instance=
 * moves= session= state=FOLDER (next offsets), prop.NAME= kafka_probe bare   BROKERS TOPIC COUNT
 * librdkafka alone, for comparison kafka_probe sink   BROKERS TOPIC [name=value...] letters=
 * candles= size= rows= stay= kafka_probe broker TOPIC PARTITIONS                      the embedded
 * broker, until SIGTERM */
#include "actors/edge/kafka_client.h"
#include "actors/edge/kafka_source.h"
#include "actors/messages.h"
#include "ops/embedded_broker.h"
#include "runtime/actor.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"
#include "tests/unit/actors/edge/kafka_probe_sink.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <uv.h>

enum { PARTITIONS_MAX = 64, PROPERTIES_MAX = 16, STOP_LATE_MS = 15000 };

struct reader {
    struct actor actor;
    struct probe *probe;
    int32_t number;
    bool is_open;
    int64_t next; /* -1: whatever comes first */
};

struct probe {
    struct loop *loop;
    struct metrics *metrics;
    struct kafka_source *source;
    struct reader readers[PARTITIONS_MAX];
    uv_signal_t signal;
    int argc;
    char **argv;
    int64_t total;
    int64_t total_max;
    uint64_t began_ns;
    bool is_stopping;
};

/* The value of name=value, or the default. */
static const char *option(const struct probe *probe, const char *name, const char *otherwise)
{
    size_t size = strlen(name);
    for (int i = 0; i < probe->argc; i++) {
        if (strncmp(probe->argv[i], name, size) == 0 && probe->argv[i][size] == '=') {
            return probe->argv[i] + size + 1;
        }
    }
    return otherwise;
}

static int64_t number_option(const struct probe *probe, const char *name, const char *otherwise)
{
    return strtoll(option(probe, name, otherwise), NULL, 10);
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void print_rate(int64_t records, uint64_t began_ns)
{
    double seconds = (double)(uv_hrtime() - began_ns) / 1e9;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("rate %.0f records/s cpu %.3f us/record rss %ld KiB\n", (double)records / seconds,
           (double)cpu_us() / (double)(records == 0 ? 1 : records), usage.ru_maxrss);
}

static void stop(struct probe *probe)
{
    if (!probe->is_stopping) {
        probe->is_stopping = true;
        if (probe->source != NULL) {
            kafka_source_stop(probe->source);
        } else {
            loop_stop(probe->loop);
        }
    }
}

static void ask(struct reader *r)
{
    struct msg msg = {
        .type = MSG_SOURCE_RESUME,
        .from = &r->actor,
        .as_SOURCE_RESUME = {.records_max = (size_t)number_option(r->probe, "slice", "4096")},
    };
    actor_send(kafka_source_actor(r->probe->source, r->number), &msg);
}

/* As if each record took so many nanoseconds. */
static void spin(const struct reader *r, size_t count)
{
    uint64_t until_ns = uv_hrtime() + count * (uint64_t)number_option(r->probe, "work", "0");
    while (uv_hrtime() < until_ns) {
        /* busy */
    }
}

static void on_records(struct reader *r, const struct msg_source_records *m)
{
    int64_t first = m->records[0].offset;
    for (size_t i = 0; i < m->count; i++) {
        if (r->next >= 0 && m->records[i].offset != r->next) {
            printf("gap %d expected %" PRId64 " got %" PRId64 "\n", r->number, r->next,
                   m->records[i].offset);
        }
        r->next = m->records[i].offset + 1;
    }
    if (r->probe->total == 0) {
        r->probe->began_ns = uv_hrtime();
    }
    r->probe->total += (int64_t)m->count;
    spin(r, m->count);
    printf("records %d %" PRId64 " %" PRId64 " end %" PRId64 "%s\n", r->number, first, r->next - 1,
           m->log_end, m->is_drained ? " drained" : "");
    kafka_source_commit(r->probe->source, r->number, r->next, 3, r->next);
    if (r->probe->total_max > 0 && r->probe->total >= r->probe->total_max) {
        stop(r->probe);
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
    snprintf(path, size, "%s/%d", option(r->probe, "state", "/nonexistent"), r->number);
}

static int64_t load_offset(const struct reader *r)
{
    char path[512];
    long long offset = number_option(r->probe, "offset", "-1");
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

static void on_assigned(void *context, int32_t partition)
{
    struct probe *probe = context;
    struct reader *r = &probe->readers[partition];
    *r = (struct reader){.probe = probe, .number = partition, .is_open = true};
    actor_init(&r->actor, &reader_class, loop_sched(probe->loop));
    r->next = load_offset(r);
    printf("assigned %d %" PRId64 "\n", partition, r->next);
    kafka_source_start_partition(probe->source, partition, r->next, &r->actor);
    ask(r);
}

static void on_revoked(void *context, int32_t partition, bool is_lost)
{
    struct probe *probe = context;
    struct reader *r = &probe->readers[partition];
    printf("%s %d %" PRId64 "\n", is_lost ? "lost" : "revoked", partition, r->next);
    fflush(stdout);
    r->is_open = false;
    save_offset(r);
    actor_deinit(&r->actor);
    kafka_source_release(probe->source, partition);
}

static void on_failed(void *context, enum status status)
{
    struct probe *probe = context;
    printf("failed %s\n", status_text(status));
    stop(probe);
}

static void on_stopped(void *context)
{
    struct probe *probe = context;
    printf("stopped\n");
    loop_stop(probe->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(container_of(handle, struct probe, signal));
}

static void open_probe(struct probe *probe, int argc, char **argv)
{
    *probe = (struct probe){.argc = argc, .argv = argv, .metrics = metrics_create()};
    if (loop_create(sizeof(struct msg), &probe->loop) != STATUS_OK) {
        exit(1);
    }
    (void)uv_signal_init(loop_uv(probe->loop), &probe->signal);
    (void)uv_signal_start(&probe->signal, on_signal, SIGTERM);
    probe->began_ns = uv_hrtime();
}

static void close_probe(struct probe *probe)
{
    uv_close((uv_handle_t *)&probe->signal, NULL);
    loop_drain(probe->loop);
    loop_destroy(&probe->loop);
    metrics_destroy(&probe->metrics);
}

/* prop.NAME=VALUE, as kafka.properties has them. */
static void collect_properties(char **argv, int argc, struct kafka_property *list)
{
    size_t count = 0;
    for (int i = 0; i < argc && count + 1 < PROPERTIES_MAX; i++) {
        char *equals = strchr(argv[i], '=');
        if (strncmp(argv[i], "prop.", 5) == 0 && equals != NULL) {
            *equals = '\0';
            list[count++] = (struct kafka_property){argv[i] + 5, equals + 1};
        }
    }
}

static void set_start(const struct probe *probe, struct kafka_source_options *o)
{
    const char *start = option(probe, "start", "earliest");
    if (strcmp(start, "latest") == 0) {
        o->start = KAFKA_START_latest;
    } else if (strcmp(start, "earliest") != 0) {
        o->start = KAFKA_START_time;
        o->start_time_ms = strtoll(start, NULL, 10);
    }
}

static int run_source(int argc, char **argv)
{
    struct probe probe;
    struct kafka_property properties[PROPERTIES_MAX] = {{NULL, NULL}};
    collect_properties(argv + 3, argc - 3, properties);
    open_probe(&probe, argc - 3, argv + 3);
    struct kafka_source_options options = {
        .loop = probe.loop,
        .metrics = probe.metrics,
        .brokers = argv[0],
        .topic = argv[1],
        .group = argv[2],
        .instance_id = option(&probe, "instance", ""),
        .session_timeout_ms = number_option(&probe, "session", "6000"),
        .moves_partitions = number_option(&probe, "moves", "0") != 0,
        .properties = properties,
        .owner = {&probe, on_assigned, on_revoked, on_failed, on_stopped},
    };
    set_start(&probe, &options);
    probe.total_max = number_option(&probe, "count", "0");
    if (kafka_source_create(&options, &probe.source) != STATUS_OK) {
        return 2;
    }
    printf("running\n");
    fflush(stdout);
    enum status status = loop_run(probe.loop);
    print_rate(probe.total, probe.began_ns);
    printf("total %" PRId64 "\n", probe.total);
    kafka_source_destroy(&probe.source);
    close_probe(&probe);
    return status == STATUS_OK ? 0 : 1;
}

static void assign_all(rd_kafka_t *client, const char *topic)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    if (rd_kafka_metadata(client, 0, handle, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        exit(1);
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
    }
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    (void)rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Prefetch limits out of reach: as fast as librdkafka is. */
static int run_bare(int argc, char **argv)
{
    const struct kafka_property ours[] = {{"group.id", "bare"},
                                          {"enable.auto.commit", "false"},
                                          {"queued.min.messages", "10000000"},
                                          {"queued.max.messages.kbytes", "2000000"},
                                          {NULL, NULL}};
    rd_kafka_conf_t *conf;
    rd_kafka_t *client;
    if (argc < 3 || kafka_client_conf(argv[0], ours, NULL, &conf) != STATUS_OK ||
        kafka_client_new(RD_KAFKA_CONSUMER, conf, &client) != STATUS_OK) {
        return 2;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
    assign_all(client, argv[1]);
    int64_t left = strtoll(argv[2], NULL, 10);
    int64_t total = 0;
    uint64_t began_ns = 0;
    while (total < left) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(queue, 100);
        if (message != NULL) {
            began_ns = total == 0 ? uv_hrtime() : began_ns;
            total += message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            rd_kafka_message_destroy(message);
        }
    }
    print_rate(total, began_ns);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return 0;
}

static int run_broker(int argc, char **argv)
{
    struct probe probe;
    struct embedded_broker *broker;
    if (argc < 2 || embedded_broker_create(&broker) != STATUS_OK ||
        embedded_broker_create_topic(broker, argv[0], atoi(argv[1])) != STATUS_OK) {
        return 1;
    }
    open_probe(&probe, 0, NULL);
    printf("bootstrap %s\n", embedded_broker_bootstrap(broker));
    fflush(stdout);
    enum status status = loop_run(probe.loop);
    embedded_broker_destroy(&broker);
    close_probe(&probe);
    return status == STATUS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "source") == 0) {
        return run_source(argc - 2, argv + 2);
    }
    if (argc >= 4 && strcmp(argv[1], "bare") == 0) {
        return run_bare(argc - 2, argv + 2);
    }
    if (argc >= 4 && strcmp(argv[1], "sink") == 0) {
        return kafka_probe_sink_run(argc - 2, argv + 2);
    }
    if (argc >= 4 && strcmp(argv[1], "broker") == 0) {
        return run_broker(argc - 2, argv + 2);
    }
    fprintf(stderr, "usage: kafka_probe source|bare|sink|broker ARGS; see the top of its source\n");
    return 2;
}
