/* How the collector's edges are made, and what each tells the next. */
#include "actors/collector.h"
#include "actors/edge/exchange_rest.h"
#include "actors/edge/exchange_socket.h"
#include "actors/edge/feed_spool.h"
#include "actors/edge/kafka_feed.h"
#include "ops/collect_internal.h"
#include "ops/config.h"
#include "ops/kafka_options.h"
#include "proto/interval.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "state/feed_store.h"

#include <stdio.h>
#include <time.h>

#define STREAM_PATH "/stream"

static const char *const default_symbols[] = {
    "BTCUSDT",  "ETHUSDT",  "BNBUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT",  "DOGEUSDT", "TRXUSDT",
    "AVAXUSDT", "LINKUSDT", "DOTUSDT", "LTCUSDT", "BCHUSDT", "SHIBUSDT", "POLUSDT",
};

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_connect(void *context, int lane, int place)
{
    struct collect *c = context;
    int id = lane * 2 + place;
    c->open[id] = exchange_socket_open(c->sockets, id);
}

static void on_disconnect(void *context, int lane, int place)
{
    struct collect *c = context;
    exchange_socket_close(&c->open[lane * 2 + place]);
}

static void on_send(void *context, int lane, int place, struct slice text)
{
    struct collect *c = context;
    exchange_socket_send(c->open[lane * 2 + place], text);
}

static bool on_put(void *context, struct slice symbol, struct slice value, bool is_closed)
{
    struct collect *c = context;
    int64_t stamp_ms = collector_stamp_ms(c->collector, wall_ms(), false, collect_now_ms(c));
    return feed_spool_put(c->spool, symbol, value, is_closed, stamp_ms);
}

static void on_touch(void *context)
{
    struct collect *c = context;
    if (c->spool != NULL) {
        feed_spool_touch(c->spool);
    }
}

static void on_ask_klines(void *context, const char *symbol, int64_t from_ms, int64_t to_ms)
{
    struct collect *c = context;
    exchange_rest_ask_klines(c->rest, symbol, from_ms, to_ms);
}

static void on_ask_info(void *context, const char *const *symbols, size_t count)
{
    struct collect *c = context;
    exchange_rest_ask_info(c->rest, symbols, count);
}

static void on_opened(void *context, int id)
{
    struct collect *c = context;
    collector_opened(c->collector, id / 2, id % 2, collect_now_ms(c));
}

static void on_received(void *context, int id, struct slice frame)
{
    struct collect *c = context;
    metrics_put(c->metrics, METRIC_feed_last_frame_timestamp_seconds, wall_ms());
    collector_received(c->collector, id / 2, id % 2, frame, collect_now_ms(c));
}

static void on_closed(void *context, int id, const char *why)
{
    struct collect *c = context;
    c->open[id] = NULL;
    collector_closed(c->collector, id / 2, id % 2, why, collect_now_ms(c));
}

static void on_answered(void *context, const struct exchange_answer *answer)
{
    struct collect *c = context;
    collector_answered(c->collector, answer, collect_now_ms(c));
}

static void on_prepare(void *context, struct feed_batch *batch)
{
    struct collect *c = context;
    collector_prepare(c->collector, batch);
}

static bool on_spool_send(void *context, const struct feed_frame *frame)
{
    struct collect *c = context;
    if (c->kafka == NULL || (c->options.room != NULL && c->options.room(c->options.context) == 0) ||
        !kafka_feed_send(c->kafka, frame)) {
        return false;
    }
    c->sent++;
    return true;
}

static void on_spool_failed(void *context, enum status status)
{
    struct collect *c = context;
    log_event(LOG_feed_failed, log_text("error", status_text(status)));
    c->options.failed(c->options.context, status);
}

static int64_t latest_ms(void *context, bool was_refused)
{
    struct collect *c = context;
    return collector_stamp_ms(c->collector, wall_ms(), was_refused, collect_now_ms(c));
}

static void on_acknowledged(void *context, uint64_t sequence)
{
    struct collect *c = context;
    metrics_add(c->metrics, METRIC_feed_acknowledged_frames_total, 1);
    feed_spool_acknowledged(c->spool, sequence);
}

static void on_kafka_ready(void *context)
{
    struct collect *c = context;
    feed_spool_send(c->spool);
}

static void on_lost(void *context)
{
    struct collect *c = context;
    feed_spool_lost(c->spool);
}

static enum status open_sockets(struct collect *c, char *error)
{
    const struct config *config = c->options.config;
    struct web_url url;
    struct web_url rest_url;
    const char *text = collect_ws_url(config);

    if (web_url_parse(text, "ws", "wss", &url) != STATUS_OK) {
        (void)snprintf(error, COLLECT_ERROR_MAX, "feed.ws_url: expected ws[s]://host[:port]");
        return STATUS_BAD_CONFIG;
    }
    if (web_url_parse(collect_rest_url(config), "http", "https", &rest_url) != STATUS_OK) {
        (void)snprintf(error, COLLECT_ERROR_MAX, "feed.rest_url: expected http[s]://host[:port]");
        return STATUS_BAD_CONFIG;
    }
    struct exchange_socket_hub_options options = {
        .loop = c->options.loop,
        .url = &url,
        .path = STREAM_PATH,
        .ca_file = config->feed.ca_file,
        .context = c,
        .opened = on_opened,
        .received = on_received,
        .closed = on_closed,
    };
    enum status status = exchange_socket_hub_create(&options, &c->sockets);
    if (status != STATUS_OK) {
        (void)snprintf(error, COLLECT_ERROR_MAX,
                       "the exchange's client cannot be made (feed.ca_file '%.200s', "
                       "libwebsockets-evlib-uv)",
                       config->feed.ca_file);
    }
    return status;
}

static void open_rest(struct collect *c)
{
    const struct config *config = c->options.config;
    c->rest = exchange_rest_create(&(struct exchange_rest_options){
        .loop = c->options.loop,
        .url = collect_rest_url(config),
        .ca_file = config->feed.ca_file,
        .context = c,
        .answered = on_answered,
    });
}

static enum status open_store(struct collect *c, char *error)
{
    struct feed_store_options options = {
        .data_dir = c->options.data_dir,
        .spool_bytes_max = c->options.config->feed.spool_max_bytes,
    };
    enum status status = feed_store_open(&options, &c->store);
    if (status == STATUS_BUSY) {
        (void)snprintf(error, COLLECT_ERROR_MAX, "another collector uses %.300s/collect",
                       c->options.data_dir);
    } else if (status != STATUS_OK) {
        (void)snprintf(error, COLLECT_ERROR_MAX, "%.300s/collect: %s; the log says why",
                       c->options.data_dir, status_text(status));
    }
    return status;
}

static enum status open_kafka(struct collect *c, char *error)
{
    const struct config *config = c->options.config;
    c->properties = kafka_options_properties(config);
    struct kafka_feed_options options = {
        .loop = c->options.loop,
        .brokers = c->options.brokers,
        .topic = config->kafka.topic,
        .properties = c->properties,
        .partitions = (int32_t)config->kafka.partitions,
        .replication_factor = (int32_t)config->kafka.replication_factor,
        .retention_ms = config->kafka.retention,
        .has_topic = c->options.has_topic,
        .metrics = c->metrics,
        .context = c,
        .latest_ms = latest_ms,
        .acknowledged = on_acknowledged,
        .ready = on_kafka_ready,
        .lost = on_lost,
    };
    enum status status = kafka_feed_open(&options, &c->kafka);
    if (status != STATUS_OK) {
        (void)snprintf(error, COLLECT_ERROR_MAX, "kafka.properties: not accepted; see the log");
    }
    return status;
}

static void restore_symbol(void *context, const struct feed_symbol *row)
{
    collector_restore_symbol(context, row);
}

static void restore_hole(void *context, const struct feed_hole *hole)
{
    collector_restore_hole(context, hole);
}

static enum status open_collector(struct collect *c, char *error)
{
    const struct config *config = c->options.config;
    bool has_own = config->symbols.count > 0;
    struct timespec seed;

    (void)clock_gettime(CLOCK_REALTIME, &seed);
    struct collector_options options = {
        .port = {c, on_connect, on_disconnect, on_send, on_put, on_touch, on_ask_klines,
                 on_ask_info},
        .symbols = has_own ? (const char *const *)config->symbols.items : default_symbols,
        .symbol_count = has_own ? config->symbols.count : ARRAY_COUNT(default_symbols),
        .silence_ms = config->feed.silence,
        .age_ms_max = config->feed.max_age,
        .backfill_ms = config->feed.backfill,
        .keep_ms =
            config->candles.retention + interval_ms(interval_longest(config->candles.intervals)),
        .grace_ms = config->candles.grace,
        .proves_by_ids = config->candles.trade_ids == CONFIG_trade_ids_spot,
        .seed = (uint64_t)seed.tv_nsec ^ (uint64_t)seed.tv_sec << 32,
        .metrics = c->metrics,
    };
    c->collector = collector_create(&options);
    c->open = mem_new(collector_lane_count(c->collector) * 2 + 1, sizeof(struct exchange_socket *));
    enum status status = feed_store_symbols(c->store, restore_symbol, c->collector);
    if (status == STATUS_OK) {
        status = feed_store_holes(c->store, restore_hole, c->collector);
    }
    if (status != STATUS_OK) {
        (void)snprintf(error, COLLECT_ERROR_MAX, "%.300s/collect cannot be read; the log says why",
                       c->options.data_dir);
    }
    return status;
}

static void open_spool(struct collect *c)
{
    c->spool = feed_spool_create(&(struct feed_spool_options){
        .loop = c->options.loop,
        .store = c->store,
        .bytes_max = c->options.config->feed.spool_max_bytes,
        .metrics = c->metrics,
        .context = c,
        .prepare = on_prepare,
        .send = on_spool_send,
        .failed = on_spool_failed,
    });
}

enum status collect_open_all(struct collect *c, char *error)
{
    enum status status = open_store(c, error);
    if (status == STATUS_OK) {
        status = open_collector(c, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    open_spool(c);
    status = open_kafka(c, error);
    if (status == STATUS_OK) {
        status = open_sockets(c, error);
    }
    if (status == STATUS_OK) {
        open_rest(c);
    }
    return status;
}
