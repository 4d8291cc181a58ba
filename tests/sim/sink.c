#include "tests/sim/sink.h"

#include "actors/core/fold.h"
#include "actors/messages.h"
#include "proto/dead_letter.h"
#include "runtime/base.h"
#include "runtime/mem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void sink_server_deinit(struct sink_server *server)
{
    for (size_t i = 0; i < server->rejected_count; i++) {
        mem_free(server->rejected[i]);
    }
    mem_free(server->rejected);
    mem_free(server->rows);
    mem_free(server->dead_offsets);
}

const struct candle *sink_server_find(const struct sink_server *server, const char *symbol,
                                      enum interval interval, int64_t open_ms)
{
    for (size_t i = 0; i < server->count; i++) {
        const struct candle *c = &server->rows[i];
        if (c->open_ms == open_ms && c->interval == interval && strcmp(c->symbol, symbol) == 0) {
            return c;
        }
    }
    return NULL;
}

bool sink_server_has_dead(const struct sink_server *server, int64_t offset)
{
    for (size_t i = 0; i < server->dead_count; i++) {
        if (server->dead_offsets[i] == offset) {
            return true;
        }
    }
    return false;
}

static bool is_same_output(const struct candle *a, const struct candle *b)
{
    return fold_same_content(a, b) && a->updated_ms == b->updated_ms;
}

/* What a guarded upsert does. */
static void put_candle(struct sink_server *server, const struct candle *candle)
{
    struct candle *known = (struct candle *)(uintptr_t)sink_server_find(
        server, candle->symbol, candle->interval, candle->open_ms);

    if (known == NULL) {
        if (server->count == server->capacity) {
            server->capacity = server->capacity * 2 + 64;
            server->rows = mem_resize(server->rows, server->capacity, sizeof(*server->rows));
        }
        server->rows[server->count++] = *candle;
        return;
    }
    if (known->revision == candle->revision && !is_same_output(known, candle)) {
        printf("an equal revision with other content: %s %s %lld revision %lld\n", candle->symbol,
               interval_name(candle->interval), (long long)candle->open_ms,
               (long long)candle->revision);
        server->is_broken = true;
    }
    if (candle->revision > known->revision) {
        *known = *candle;
    }
}

bool sink_server_has_rejected(const struct sink_server *server, const char *symbol,
                              enum interval interval, int64_t open_ms)
{
    char wanted[160];
    snprintf(wanted, sizeof(wanted), "\"symbol\":\"%s\",\"interval\":\"%s\",\"openTime\":%lld,",
             symbol, interval_name(interval), (long long)open_ms);
    for (size_t i = 0; i < server->rejected_count; i++) {
        if (strstr(server->rejected[i], wanted) != NULL) {
            return true;
        }
    }
    return false;
}

static void put_rejected(struct sink_server *server, const struct dead_letter *letter)
{
    char *value = mem_new(1, letter->value.size + 1);
    memcpy(value, letter->value.bytes, letter->value.size);
    server->rejected =
        mem_resize(server->rejected, server->rejected_count + 1, sizeof(*server->rejected));
    server->rejected[server->rejected_count++] = value;
}

static void put_dead(struct sink_server *server, const struct dead_letter *letter)
{
    if (letter->reason == REASON_rejected) {
        put_rejected(server, letter);
        return;
    }
    if (sink_server_has_dead(server, letter->offset)) {
        return;
    }
    if (server->dead_count == server->dead_capacity) {
        server->dead_capacity = server->dead_capacity * 2 + 64;
        server->dead_offsets =
            mem_resize(server->dead_offsets, server->dead_capacity, sizeof(*server->dead_offsets));
    }
    server->dead_offsets[server->dead_count++] = letter->offset;
}

/* A server with a rule of its own, which no retry heals. */
static bool is_rejected(const struct sink_server *server, const struct candle *candle)
{
    return server->rejects && candle->symbol[3] == 'B' && candle->open_ms / MINUTE_MS % 17 == 0 &&
           candle->interval != INTERVAL_1m;
}

static void put_row(struct sim_sink *sink, size_t index)
{
    const struct outbox_row *row = &sink->delivery->rows->rows[index];
    struct candle candle;
    struct dead_letter letter;

    if (row->kind == OUTBOX_dead_letter) {
        enum status status = dead_letter_decode(row->payload, &letter);
        assert(status == STATUS_OK);
        put_dead(sink->server, &letter);
        return;
    }
    enum status status = candle_decode(row->payload, &candle);
    assert(status == STATUS_OK);
    if (is_rejected(sink->server, &candle)) {
        delivery_reject(sink->delivery, index, "the server has a rule against it");
    } else {
        put_candle(sink->server, &candle);
    }
}

static void answer(struct sim_sink *sink, enum status status)
{
    struct msg msg = {
        .type = MSG_SINK_DELIVERED,
        .from = &sink->actor,
        .as_SINK_DELIVERED = {.status = status, .delivery = sink->delivery},
    };
    sink->delivery = NULL;
    actor_send(sink->asker, &msg);
}

static void wait_some(struct sim_sink *sink)
{
    int64_t most_ms = *sink->is_faulty && rand_chance(sink->rand, 5) ? 30000 : 20;
    int64_t delay_ms = 1 + (int64_t)rand_below(sink->rand, (uint64_t)most_ms);
    actor_set_deadline(&sink->actor, actor_now_ms(&sink->actor) + delay_ms);
}

static void apply(struct sim_sink *sink)
{
    size_t count = sink->delivery->rows->count;
    bool is_cut = *sink->is_faulty && rand_chance(sink->rand, 10);
    size_t reached = is_cut ? rand_below(sink->rand, count + 1) : count;

    for (size_t i = 0; i < reached; i++) {
        put_row(sink, i);
    }
    if (is_cut) {
        answer(sink, STATUS_UNAVAILABLE); /* some are written, and we do not know which */
        return;
    }
    sink->is_applied = true;
    wait_some(sink);
}

static void on_deadline(struct actor *actor)
{
    struct sim_sink *sink = container_of(actor, struct sim_sink, actor);
    if (sink->delivery == NULL) {
        return;
    }
    if (!sink->is_applied) {
        apply(sink);
    } else if (*sink->is_faulty && rand_chance(sink->rand, 10)) {
        answer(sink, STATUS_TIMED_OUT); /* written, and the answer is lost */
    } else {
        answer(sink, STATUS_OK);
    }
}

static void receive(struct actor *actor, const struct msg *msg)
{
    struct sim_sink *sink = container_of(actor, struct sim_sink, actor);
    switch (msg->type) {
    case MSG_SINK_DELIVER:
        assert(sink->delivery == NULL);
        sink->delivery = msg->as_SINK_DELIVER.delivery;
        sink->asker = msg->from;
        sink->is_applied = false;
        wait_some(sink);
        break;
    case MSG_SINK_CANCEL:
        if (sink->delivery != NULL) {
            answer(sink, STATUS_UNAVAILABLE);
        }
        break;
    default:
        actor_unexpected(actor, msg);
    }
}

static const struct actor_class sim_sink_class = {
    .name = "sink",
    .receive = receive,
    .deadline = on_deadline,
    .mailbox_capacity = 2,
};

void sim_sink_init(struct sim_sink *sink, struct sched *sched, struct sink_server *server,
                   struct rand *rand, const bool *is_faulty)
{
    *sink = (struct sim_sink){.server = server, .rand = rand, .is_faulty = is_faulty};
    actor_init(&sink->actor, &sim_sink_class, sched);
}

void sim_sink_deinit(struct sim_sink *sink)
{
    actor_deinit(&sink->actor);
}
