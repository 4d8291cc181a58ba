#include "ops/collect.h"

#include "actors/collector.h"
#include "actors/edge/exchange_rest.h"
#include "actors/edge/exchange_socket.h"
#include "actors/edge/feed_spool.h"
#include "actors/edge/kafka_feed.h"
#include "ops/collect_internal.h"
#include "ops/config.h"
#include "ops/kafka_options.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"
#include "state/feed_store.h"

#include <inttypes.h>
#include <stdio.h>

#define WS_URL "wss://data-stream.binance.vision"
#define REST_URL "https://data-api.binance.vision"

enum { STOP_POLL_MS = 20 };

const char *collect_ws_url(const struct config *config)
{
    return config->feed.ws_url[0] != '\0' ? config->feed.ws_url : WS_URL;
}

const char *collect_rest_url(const struct config *config)
{
    return config->feed.rest_url[0] != '\0' ? config->feed.rest_url : REST_URL;
}

int64_t collect_now_ms(const struct collect *c)
{
    uv_update_time(loop_uv(c->options.loop));
    return (int64_t)uv_now(loop_uv(c->options.loop));
}

static bool is_flushed(const struct collect *c, int64_t now)
{
    if (!feed_spool_is_durable(c->spool)) {
        return now >= c->stop_deadline_ms;
    }
    return feed_spool_is_empty(c->spool) || !kafka_feed_is_up(c->kafka) ||
           now >= c->stop_deadline_ms;
}

static void on_timer(uv_timer_t *timer)
{
    struct collect *c = container_of(timer, struct collect, timer);
    int64_t now = collect_now_ms(c);
    if (!c->is_disconnected) {
        collector_tick(c->collector, now);
    } else if (c->stopped != NULL && is_flushed(c, now)) {
        void (*stopped)(void *) = c->stopped;
        c->stopped = NULL;
        (void)uv_timer_stop(timer);
        stopped(c->options.context);
    }
}

enum status collect_create(const struct collect_options *options, struct collect **out_collect,
                           char error[COLLECT_ERROR_MAX])
{
    struct collect *c = mem_new(1, sizeof(*c));
    c->options = *options;
    c->metrics = metrics_set_of(options->metrics, METRIC_SCOPE_feed, "");
    (void)uv_timer_init(loop_uv(options->loop), &c->timer);
    enum status status = collect_open_all(c, error);
    if (status != STATUS_OK) {
        collect_destroy(&c);
        return status;
    }
    (void)uv_timer_start(&c->timer, on_timer, 0, COLLECTOR_TICK_MS);
    *out_collect = c;
    return STATUS_OK;
}

static void disconnect(struct collect *c)
{
    c->is_disconnected = true;
    exchange_socket_hub_destroy(&c->sockets);
    exchange_rest_destroy(&c->rest);
}

void collect_stop(struct collect *c, int64_t timeout_ms, void (*stopped)(void *context))
{
    if (c->is_disconnected) {
        return;
    }
    disconnect(c);
    c->stop_deadline_ms = collect_now_ms(c) + timeout_ms;
    c->stopped = stopped;
    (void)uv_timer_start(&c->timer, on_timer, 0, STOP_POLL_MS);
}

bool collect_tell_ready(struct collect *c, char *json, size_t size)
{
    struct collector_state state = collector_look(c->collector);
    bool is_serving = collector_is_serving(c->collector);
    bool is_kafka_up = kafka_feed_is_up(c->kafka);
    bool is_ready = is_serving && is_kafka_up && !c->is_disconnected;

    (void)snprintf(json, size,
                   "{\"ready\":%s,\"exchange\":%s,\"kafka\":%s,\"stopping\":%s,"
                   "\"catching_up\":%s,\"symbols\":%zu,"
                   "\"connections\":%zu,\"silent\":%zu,\"unlisted\":%zu,\"open_minutes\":%" PRId64
                   ",\"spooled\":%" PRId64 "}\n",
                   is_ready ? "true" : "false", is_serving ? "true" : "false",
                   is_kafka_up ? "true" : "false", c->is_disconnected ? "true" : "false",
                   state.is_catching_up ? "true" : "false", state.symbols, state.connections,
                   state.silent, state.unlisted, state.open_minutes,
                   feed_store_spool_frames(c->store));
    return is_ready;
}

uint64_t collect_sent(const struct collect *c)
{
    return c->sent;
}

static void free_all(struct collect *c)
{
    feed_store_close(&c->store);
    collector_destroy(&c->collector);
    kafka_options_free(c->properties);
    mem_free(c->open);
    mem_free(c);
}

static void on_spool_closed(void *context)
{
    free_all(context);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct collect *c = container_of((uv_timer_t *)handle, struct collect, timer);
    if (c->spool != NULL) {
        feed_spool_close(&c->spool, on_spool_closed);
    } else {
        free_all(c);
    }
}

void collect_destroy(struct collect **collect_p)
{
    struct collect *c = *collect_p;
    *collect_p = NULL;
    if (c == NULL) {
        return;
    }
    disconnect(c);
    kafka_feed_close(&c->kafka);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
