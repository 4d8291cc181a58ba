/* Produces raw klines into Kafka, as fast as it can or at a given rate: the load of the benchmark.
 *
 * usage: load BROKERS TOPIC RECORDS SYMBOLS SEED RATE START_MS [MARKS_FILE [KLINES_A_MINUTE]]
 * Each symbol tells its minutes in turn, each minute in KLINES_A_MINUTE klines (10) of which the
 * last is closed. RATE is in records per second, 0 for no limit. MARKS_FILE gets a line for each
 * kline that completes five minutes: symbol, openTime of the five minutes, and the time of day in
 * ns just before it was produced; "-" is none. */
#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    KLINES_A_MINUTE = 10, /* unless told otherwise */
    MINUTE_MS = 60000,
    WINDOW_MINUTES = 5,
    VALUE_MAX = 512,
    POLL_EVERY = 256,
    FLUSH_MS = 120000,
    NS_PER_MS = 1000000,
};

static const int64_t NS_PER_S = 1000000000;

/* Where one symbol's market stands. */
struct market {
    char symbol[32];
    int64_t price; /* in ticks of 0.01 */
    int64_t next_id;
    int64_t open, high, low, close;
    int64_t trades; /* of the minute */
    int64_t volume; /* of the minute, in 0.00000001 */
};

struct load {
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    struct market *markets;
    size_t symbol_count;
    uint64_t random;
    int64_t start_ms;
    int64_t klines_a_minute;
    int64_t rate; /* records per second; 0: no limit */
    FILE *marks;  /* NULL: none */
    int64_t produced;
    int64_t began_ns;
    int64_t failed;
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(1);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct load *load = opaque;
    (void)client;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        load->failed++;
    }
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[256];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) {
        die(name, error);
    }
}

static void open_producer(struct load *load, const char *brokers, const char *topic)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_conf_t *topic_conf = rd_kafka_topic_conf_new();

    set(conf, "bootstrap.servers", brokers);
    set(conf, "compression.codec", "lz4");
    /* At a rate, 1 ms: a request for each record is no producer's way, and the broker's CPU. */
    set(conf, "linger.ms", load->rate == 0 ? "20" : "1");
    /* Else a partition's request waits for the answer to another one's. */
    set(conf, "socket.nagle.disable", "true");
    set(conf, "queue.buffering.max.messages", "500000");
    set(conf, "enable.idempotence", "true");
    rd_kafka_conf_set_opaque(conf, load);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_topic_conf_set_partitioner_cb(topic_conf, rd_kafka_msg_partitioner_murmur2_random);
    load->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (load->producer == NULL) {
        die("producer", error);
    }
    load->topic = rd_kafka_topic_new(load->producer, topic, topic_conf);
}

static void open_markets(struct load *load)
{
    load->markets = calloc(load->symbol_count, sizeof(*load->markets));
    if (load->markets == NULL) {
        die("memory", "none");
    }
    for (size_t i = 0; i < load->symbol_count; i++) {
        struct market *market = &load->markets[i];
        snprintf(market->symbol, sizeof(market->symbol), "B%05zuUSDT", i);
        market->price = 10000 + (int64_t)(next_random(&load->random) % 9000000);
        market->next_id = 1000000;
    }
}

/* A minute begins: its first trade. */
static void open_minute(struct market *market)
{
    market->open = market->high = market->low = market->close = market->price;
    market->trades = 0;
    market->volume = 0;
}

static void trade(struct market *market, uint64_t random)
{
    market->price += (int64_t)(random % 41) - 20;
    if (market->price < 100) {
        market->price = 100;
    }
    market->close = market->price;
    market->high = market->close > market->high ? market->close : market->high;
    market->low = market->close < market->low ? market->close : market->low;
    market->trades += 1 + (int64_t)((random >> 16) % 9);
    market->volume += (int64_t)((random >> 24) % 900000000) + 1;
}

#define PRICE "%" PRId64 ".%02d000000"
#define PRICE_OF(ticks) (ticks) / 100, (int)((ticks) % 100)
#define AMOUNT "%" PRId64 ".%08d"
#define AMOUNT_OF(e8) (e8) / 100000000, (int)((e8) % 100000000)

static size_t print_kline(const struct market *m, int64_t open_ms, int64_t event_ms, bool is_closed,
                          char value[VALUE_MAX])
{
    int size = snprintf(
        value, VALUE_MAX,
        "{\"e\":\"kline\",\"E\":%" PRId64 ",\"s\":\"%s\",\"k\":{\"t\":%" PRId64 ",\"T\":%" PRId64
        ",\"s\":\"%s\",\"i\":\"1m\",\"f\":%" PRId64 ",\"L\":%" PRId64 ",\"o\":\"" PRICE
        "\",\"c\":\"" PRICE "\",\"h\":\"" PRICE "\",\"l\":\"" PRICE "\",\"v\":\"" AMOUNT
        "\",\"n\":%" PRId64 ",\"x\":%s,\"q\":\"" AMOUNT "\",\"V\":\"" AMOUNT "\",\"Q\":\"" AMOUNT
        "\",\"B\":\"0\"}}",
        event_ms, m->symbol, open_ms, open_ms + MINUTE_MS - 1, m->symbol, m->next_id,
        m->next_id + m->trades - 1, PRICE_OF(m->open), PRICE_OF(m->close), PRICE_OF(m->high),
        PRICE_OF(m->low), AMOUNT_OF(m->volume), m->trades, is_closed ? "true" : "false",
        AMOUNT_OF(m->volume * 3), AMOUNT_OF(m->volume / 2), AMOUNT_OF(m->volume));
    return (size_t)size;
}

static void mark(struct load *load, const struct market *market, int64_t minute, bool is_closed)
{
    if (load->marks != NULL && is_closed && minute % WINDOW_MINUTES == WINDOW_MINUTES - 1) {
        int64_t open_ms = load->start_ms + (minute - WINDOW_MINUTES + 1) * MINUTE_MS;
        fprintf(load->marks, "%s %" PRId64 " %" PRId64 "\n", market->symbol, open_ms,
                clock_ns(CLOCK_REALTIME));
    }
}

/* The client's queue may be full: then its callbacks make room. */
static void produce(struct load *load, struct market *market, char *value, size_t size,
                    int64_t event_ms)
{
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = load->topic},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {.ptr = value, .size = size}},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {.ptr = market->symbol, .size = strlen(market->symbol)}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = event_ms + 1},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
    };
    for (;;) {
        rd_kafka_error_t *error =
            rd_kafka_produceva(load->producer, parts, sizeof(parts) / sizeof(parts[0]));
        if (error == NULL) {
            return;
        }
        if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            die("produce", rd_kafka_error_string(error));
        }
        rd_kafka_error_destroy(error);
        rd_kafka_poll(load->producer, 10);
    }
}

/* Sleeps until it is this record's turn. */
static void keep_pace(const struct load *load)
{
    if (load->rate > 0) {
        int64_t due_ns = load->began_ns + load->produced * NS_PER_S / load->rate;
        int64_t early_ns = due_ns - clock_ns(CLOCK_MONOTONIC);
        if (early_ns > NS_PER_MS / 10) {
            nanosleep(&(struct timespec){early_ns / NS_PER_S, early_ns % NS_PER_S}, NULL);
        }
    }
}

static void tell(struct load *load, struct market *market, int64_t minute, int64_t part)
{
    char value[VALUE_MAX];
    bool is_closed = part == load->klines_a_minute - 1;
    int64_t open_ms = load->start_ms + minute * MINUTE_MS;
    int64_t event_ms =
        open_ms + (part + 1) * MINUTE_MS / load->klines_a_minute + (is_closed ? 5 : -1);

    if (part == 0) {
        open_minute(market);
    }
    trade(market, next_random(&load->random));
    size_t size = print_kline(market, open_ms, event_ms, is_closed, value);
    keep_pace(load);
    mark(load, market, minute, is_closed);
    produce(load, market, value, size, event_ms);
    if (is_closed) {
        market->next_id += market->trades;
    }
    if (++load->produced % POLL_EVERY == 0 || load->rate > 0) {
        rd_kafka_poll(load->producer, 0);
    }
}

static void run(struct load *load, int64_t records)
{
    load->began_ns = clock_ns(CLOCK_MONOTONIC);
    for (int64_t minute = 0;; minute++) {
        for (int64_t part = 0; part < load->klines_a_minute; part++) {
            for (size_t i = 0; i < load->symbol_count; i++) {
                if (load->produced == records) {
                    return;
                }
                tell(load, &load->markets[i], minute, part);
            }
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        die("usage", "load BROKERS TOPIC RECORDS SYMBOLS SEED RATE START_MS [MARKS_FILE "
                     "[KLINES_A_MINUTE]]");
    }
    struct load load = {
        .symbol_count = strtoul(argv[4], NULL, 10),
        .random = strtoull(argv[5], NULL, 10),
        .rate = strtoll(argv[6], NULL, 10),
        .start_ms = strtoll(argv[7], NULL, 10),
        .klines_a_minute = argc > 9 ? strtoll(argv[9], NULL, 10) : KLINES_A_MINUTE,
    };
    if (load.klines_a_minute < 1 || load.klines_a_minute > MINUTE_MS) {
        die("KLINES_A_MINUTE", argv[9]);
    }
    if (argc > 8 && strcmp(argv[8], "-") != 0 && (load.marks = fopen(argv[8], "w")) == NULL) {
        die("marks", argv[8]);
    }
    if (load.marks != NULL) {
        (void)setvbuf(load.marks, NULL, _IOLBF, 0); /* whoever ends us early loses no line */
    }
    open_producer(&load, argv[1], argv[2]);
    open_markets(&load);
    run(&load, strtoll(argv[3], NULL, 10));
    rd_kafka_flush(load.producer, FLUSH_MS);
    if (rd_kafka_outq_len(load.producer) > 0 || load.failed > 0) {
        die("flush", "the broker did not take every record");
    }
    double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - load.began_ns) / (double)NS_PER_S;
    printf("%" PRId64 " records in %.3f s\n", load.produced, seconds);
    rd_kafka_topic_destroy(load.topic);
    rd_kafka_destroy(load.producer);
    free(load.markets);
    if (load.marks != NULL) {
        fclose(load.marks);
    }
    return 0;
}
