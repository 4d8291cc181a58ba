/* The Kafka edges on a real loop, with actors that only check and tell;
 * tests/integration/kafka_edges.py runs it and reads its lines.
 *
 * kafka_probe source BROKERS TOPIC GROUP [name=value...]: start= offset= offsetN= count= slice=
 *   work= commits= hold=MS instance= moves= session= shards= index= state=FOLDER prop.NAME=
 * kafka_probe log BROKERS TOPIC GROUP QUESTION...: see kafka_probe_log.c
 * kafka_probe bare BROKERS TOPIC COUNT: librdkafka alone, for comparison
 * kafka_probe sink BROKERS TOPIC [name=value...]: letters= candles= size= rows=
 * kafka_probe broker TOPIC PARTITIONS: the embedded broker, until SIGTERM */
#include "tests/unit/actors/edge/kafka_probe.h"

#include "actors/edge/kafka_client.h"
#include "actors/messages.h"
#include "ops/embedded_broker.h"
#include "runtime/loop.h"
#include "tests/unit/actors/edge/kafka_probe_sink.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

const char *kafka_probe_option(const struct kafka_probe_arguments *arguments, const char *name,
                               const char *otherwise)
{
    size_t size = strlen(name);
    for (int i = 0; i < arguments->count; i++) {
        const char *argument = arguments->list[i];
        if (strncmp(argument, name, size) == 0 && argument[size] == '=') {
            return argument + size + 1;
        }
    }
    return otherwise;
}

int64_t kafka_probe_number(const struct kafka_probe_arguments *arguments, const char *name,
                           const char *otherwise)
{
    return strtoll(kafka_probe_option(arguments, name, otherwise), NULL, 10);
}

void kafka_probe_properties(const struct kafka_probe_arguments *arguments,
                            struct kafka_property *list, size_t list_max)
{
    size_t count = 0;
    for (int i = 0; i < arguments->count && count + 1 < list_max; i++) {
        char *equals = strchr(arguments->list[i], '=');
        if (strncmp(arguments->list[i], "prop.", 5) == 0 && equals != NULL) {
            *equals = '\0';
            list[count++] = (struct kafka_property){arguments->list[i] + 5, equals + 1};
        }
    }
    list[count] = (struct kafka_property){NULL, NULL};
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void kafka_probe_rate(int64_t records, uint64_t began_ns)
{
    double seconds = (double)(uv_hrtime() - began_ns) / 1e9;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("rate %.0f records/s cpu %.3f us/record rss %ld KiB\n", (double)records / seconds,
           (double)cpu_us() / (double)(records == 0 ? 1 : records), usage.ru_maxrss);
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
    kafka_probe_rate(total, began_ns);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    return 0;
}

struct broker_loop {
    struct loop *loop;
    uv_signal_t signal;
};

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    loop_stop(container_of(handle, struct broker_loop, signal)->loop);
}

static int run_broker(int argc, char **argv)
{
    struct broker_loop b;
    struct embedded_broker *broker;
    if (argc < 2 || loop_create(sizeof(struct msg), &b.loop) != STATUS_OK ||
        embedded_broker_create(&broker) != STATUS_OK ||
        embedded_broker_create_topic(broker, argv[0], atoi(argv[1])) != STATUS_OK) {
        return 1;
    }
    (void)uv_signal_init(loop_uv(b.loop), &b.signal);
    (void)uv_signal_start(&b.signal, on_signal, SIGTERM);
    printf("bootstrap %s\n", embedded_broker_bootstrap(broker));
    fflush(stdout);
    enum status status = loop_run(b.loop);
    embedded_broker_destroy(&broker);
    uv_close((uv_handle_t *)&b.signal, NULL);
    loop_drain(b.loop);
    loop_destroy(&b.loop);
    return status == STATUS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "source") == 0) {
        return kafka_probe_source_run(argc - 2, argv + 2);
    }
    if (argc >= 6 && strcmp(argv[1], "log") == 0) {
        return kafka_probe_log_run(argc - 2, argv + 2);
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
    fprintf(stderr,
            "usage: kafka_probe source|log|bare|sink|broker ARGS; see the top of its source\n");
    return 2;
}
