#include "actors/edge/kafka_source.h"
#include "ops/config.h"
#include "ops/hosted.h"
#include "ops/ops_http.h"
#include "ops/shard_internal.h"
#include "ops/shard_socket.h"

#include <stdio.h>

/* Of one entry in the list of halted partitions. */
enum { HALTED_BYTES_MAX = 160 };

static bool all_running(const struct shard *s)
{
    for (size_t i = 0; i < s->hosted_count; i++) {
        if (!hosted_is_running(s->hosted[i])) {
            return false;
        }
    }
    return true;
}

/* A JSON list of the partitions that somebody must look after; as many as fit. */
static bool any_halted(const struct shard *s, char *json, size_t size)
{
    size_t used = (size_t)snprintf(json, size, "[");
    bool is_any = false;

    for (size_t i = 0; i < s->hosted_count && used + HALTED_BYTES_MAX < size; i++) {
        enum status why = hosted_halt_reason(s->hosted[i]);
        if (why != STATUS_OK) {
            used += (size_t)snprintf(json + used, size - used,
                                     "%s{\"partition\":%d,\"reason\":\"%s\"}", is_any ? "," : "",
                                     (int)hosted_partition(s->hosted[i]), status_text(why));
            is_any = true;
        }
    }
    snprintf(json + used, size - used, "]");
    return is_any;
}

/* Ready: the group has us, our partitions have their state, and everything we talk to answers. */
static bool tell_ready(void *context, char *json, size_t size)
{
    struct shard *s = context;
    char sinks[256];
    char halted[OPS_HTTP_READY_MAX / 2];
    bool is_halted = any_halted(s, halted, sizeof(halted));
    bool is_kafka_up = kafka_source_is_up(s->source);
    bool has_joined = kafka_source_has_joined(s->source);
    bool has_state = all_running(s);
    bool are_sinks_up = shard_sinks_ready(&s->sinks, sinks, sizeof(sinks));
    bool is_ready =
        is_kafka_up && has_joined && has_state && are_sinks_up && !is_halted && !s->is_stopping;

    snprintf(json, size,
             "{\"ready\":%s,\"kafka\":%s,\"group_joined\":%s,\"state_open\":%s,\"stopping\":%s,"
             "\"partitions\":%zu,\"halted\":%s,\"sinks\":%s}\n",
             is_ready ? "true" : "false", is_kafka_up ? "true" : "false",
             has_joined ? "true" : "false", has_state ? "true" : "false",
             s->is_stopping ? "true" : "false", s->hosted_count, halted, sinks);
    return is_ready;
}

static struct store *store_at(void *context, size_t index)
{
    struct shard *s = context;
    return index < s->hosted_count ? hosted_store(s->hosted[index]) : NULL;
}

static size_t count_stores(void *context)
{
    return ((struct shard *)context)->hosted_count;
}

static void take_snapshot(void *context, int32_t partition, snapshotter_done_fn *done,
                          void *done_context)
{
    struct shard *s = context;
    for (size_t i = 0; i < s->hosted_count; i++) {
        struct snapshotter *snapshotter = hosted_snapshotter(s->hosted[i]);
        if (hosted_partition(s->hosted[i]) == partition && snapshotter != NULL) {
            snapshotter_ask(snapshotter, done, done_context);
            return;
        }
    }
    done(done_context, STATUS_NOT_FOUND, NULL);
}

static enum status open_http(struct shard *s)
{
    struct ops_http_options options = {
        .loop = s->loop,
        .metrics = s->metrics,
        .listen = s->options.config->http.ops_listen,
        .context = s,
        .ready = tell_ready,
    };
    if (options.listen[0] == '\0') {
        return STATUS_OK;
    }
    return ops_http_create(&options, &s->http);
}

static enum status open_socket(struct shard *s)
{
    struct shard_socket_options options = {
        .loop = s->loop,
        .data_dir = s->data_dir,
        .context = s,
        .count = count_stores,
        .store = store_at,
        .take_snapshot = take_snapshot,
    };
    return shard_socket_open(&options, &s->socket);
}

enum status shard_admin_open(struct shard *s)
{
    enum status status = open_http(s);
    return status == STATUS_OK ? open_socket(s) : status;
}
