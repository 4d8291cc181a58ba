#include "ops/batch_exchange.h"

#include "actors/edge/exchange_client.h"
#include "ops/collect.h"
#include "ops/config.h"
#include "runtime/mem.h"

#include <time.h>

/* The exchange allows a weight of 6000 a minute to all who share our address. */
enum {
    WEIGHT_MAX = 4000,
    TRIES_MAX = 3,
    WAIT_MS_MAX = 180000,
    RETRY_MS = 2000,
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
};

struct batch_exchange {
    struct exchange_client *client;
};

struct batch_exchange *batch_exchange_create(const struct config *config)
{
    struct batch_exchange *exchange = mem_new(1, sizeof(*exchange));
    exchange->client = exchange_client_create(collect_rest_url(config), config->feed.ca_file);
    return exchange;
}

void batch_exchange_destroy(struct batch_exchange **exchange_p)
{
    struct batch_exchange *exchange = *exchange_p;
    *exchange_p = NULL;
    if (exchange != NULL) {
        exchange_client_destroy(&exchange->client);
        mem_free(exchange);
    }
}

static void wait_ms(int64_t millis)
{
    struct timespec time = {.tv_sec = millis / MS_PER_S,
                            .tv_nsec = (long)(millis % MS_PER_S) * NS_PER_MS};
    (void)nanosleep(&time, NULL);
}

/* The exchange counts by the minute of its clock. */
static void keep_within_limits(const struct exchange_answer *answer)
{
    if (answer->used_weight > WEIGHT_MAX) {
        wait_ms(MINUTE_MS - (int64_t)(time(NULL) % 60) * MS_PER_S);
    }
}

/* How long to wait before the same is asked again; -1: there is no use in it. */
static int64_t patience_ms(const struct exchange_answer *answer, int tries)
{
    if (tries == TRIES_MAX) {
        return -1;
    }
    if (answer->kind == EXCHANGE_ANSWER_limited) {
        return answer->wait_ms > WAIT_MS_MAX ? -1 : answer->wait_ms;
    }
    return RETRY_MS;
}

static enum status ask_once(struct batch_exchange *exchange, const char *symbol, int64_t from_ms,
                            int64_t to_ms, struct exchange_answer *out_answer)
{
    for (int tries = 1;; tries++) {
        exchange_client_klines(exchange->client, symbol, from_ms, to_ms - MINUTE_MS, out_answer);
        if (out_answer->kind == EXCHANGE_ANSWER_good) {
            keep_within_limits(out_answer);
            return STATUS_OK;
        }
        if (out_answer->kind == EXCHANGE_ANSWER_unknown) {
            return STATUS_NOT_FOUND;
        }
        int64_t millis = patience_ms(out_answer, tries);
        if (millis < 0) {
            return STATUS_UNAVAILABLE;
        }
        exchange_answer_deinit(out_answer);
        *out_answer = (struct exchange_answer){.row_count = 0};
        wait_ms(millis);
    }
}

static enum status ask(void *context, const char *symbol, int64_t from_ms, int64_t to_ms,
                       batch_rest_visit_fn *visit, void *visit_context)
{
    enum status status = STATUS_OK;
    while (from_ms < to_ms && status == STATUS_OK) {
        struct exchange_answer answer = {.row_count = 0};
        int64_t most_ms = from_ms + (int64_t)EXCHANGE_KLINES_MAX * MINUTE_MS;
        int64_t end_ms = to_ms < most_ms ? to_ms : most_ms;
        status = ask_once(context, symbol, from_ms, end_ms, &answer);
        for (size_t i = 0; status == STATUS_OK && i < answer.row_count; i++) {
            const struct kline *kline = &answer.rows[i].kline;
            if (kline->open_ms >= from_ms && kline->open_ms < end_ms) {
                visit(visit_context, kline);
            }
        }
        exchange_answer_deinit(&answer);
        from_ms = end_ms;
    }
    return status;
}

struct batch_rest batch_exchange_rest(struct batch_exchange *exchange)
{
    return (struct batch_rest){.context = exchange, .ask = ask};
}
