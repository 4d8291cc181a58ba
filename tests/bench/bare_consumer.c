/* Consumes a topic from its beginning and throws everything away: what librdkafka alone costs.
 *
 * usage: bare_consumer BROKERS TOPIC PARTITIONS RECORDS [PREFETCH_KIB]
 * PREFETCH_KIB is what each partition may hold that is not consumed yet; unless told otherwise its
 * share of 32 MiB.
 * Prints the seconds between the first and the last record, the bytes of their values, and the CPU
 * seconds of the process. */
#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH_MAX = 10000, WAIT_MS = 1000, PREFETCH_KIB = 32 * 1024 };

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bare_consumer: %s: %s\n", what, why);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[256];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) {
        die(name, error);
    }
}

/* The prefetch limit in messages is out of the way. */
static rd_kafka_t *open_consumer(const char *brokers, int prefetch_kib)
{
    char error[256];
    char kbytes[32];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    snprintf(kbytes, sizeof(kbytes), "%d", prefetch_kib);
    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", "bare");
    set(conf, "enable.auto.commit", "false");
    set(conf, "queued.min.messages", "10000000");
    set(conf, "queued.max.messages.kbytes", kbytes);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    if (client == NULL) {
        die("consumer", error);
    }
    rd_kafka_poll_set_consumer(client);
    return client;
}

static void assign(rd_kafka_t *client, const char *topic, int partitions)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = 0;
    }
    rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Returns the bytes seen; the clock starts with the first record. */
static uint64_t consume(rd_kafka_t *client, int64_t records, double *out_began_s)
{
    static rd_kafka_message_t *messages[BATCH_MAX];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
    int64_t seen = 0;
    uint64_t bytes = 0;

    while (seen < records) {
        /* No more than are to come: it would wait for the rest. */
        size_t wanted = records - seen < BATCH_MAX ? (size_t)(records - seen) : BATCH_MAX;
        ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, messages, wanted);
        if (seen == 0 && count > 0) {
            *out_began_s = now_s();
        }
        for (ssize_t i = 0; i < count; i++) {
            if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                seen++;
                bytes += messages[i]->len;
            }
            rd_kafka_message_destroy(messages[i]);
        }
    }
    rd_kafka_queue_destroy(queue);
    return bytes;
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        die("usage", "bare_consumer BROKERS TOPIC PARTITIONS RECORDS [PREFETCH_KIB]");
    }
    int partitions = atoi(argv[3]);
    double began_s = 0;
    rd_kafka_t *client =
        open_consumer(argv[1], argc == 6 ? atoi(argv[5]) : PREFETCH_KIB / partitions);

    assign(client, argv[2], partitions);
    uint64_t bytes = consume(client, strtoll(argv[4], NULL, 10), &began_s);
    printf("%.4f %" PRIu64 " %.4f\n", now_s() - began_s, bytes, cpu_s());
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return 0;
}
