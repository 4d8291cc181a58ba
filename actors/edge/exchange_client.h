/* The exchange's REST API for market data: closed 1m klines, and which symbols there are.
 *
 * It judges answers and counts nothing: who asks keeps inside the exchange's limits
 * (EXCHANGE_WEIGHT_*, used_weight, wait_ms).
 * Thread: one at a time; calls block for a minute at most. */
#ifndef CANDLED_ACTORS_EDGE_EXCHANGE_CLIENT_H
#define CANDLED_ACTORS_EDGE_EXCHANGE_CLIENT_H

#include "actors/exchange_answer.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXCHANGE_WEIGHT_KLINES = 2,
    EXCHANGE_WEIGHT_INFO = 20,
    EXCHANGE_KLINES_MAX = 1000, /* in one answer */
    EXCHANGE_INFO_MAX = 50,     /* symbols in one question */
};

struct exchange_client;

/* `url`: see web_url.h; checked before. `ca_file` NULL or empty: the system's authorities. */
struct exchange_client *exchange_client_create(const char *url, const char *ca_file);

/* NULL inside is fine. */
void exchange_client_destroy(struct exchange_client **client_p);

/* Whether it answers at all, within so long. */
bool exchange_client_ping(struct exchange_client *client, int64_t timeout_ms);

/* From any thread: the call that is under way ends within a second or so, and all later ones at
 * once. */
void exchange_client_end(struct exchange_client *client);

/* The 1m klines that open from from_ms to to_ms, both inside; at most EXCHANGE_KLINES_MAX. The last
 * one may still be open: whoever knows the exchange's clock drops it. exchange_answer_deinit(). */
void exchange_client_klines(struct exchange_client *client, const char *symbol, int64_t from_ms,
                            int64_t to_ms, struct exchange_answer *out_answer);

/* At most EXCHANGE_INFO_MAX symbols. If one of several is unknown, the exchange tells of none of
 * them: ask for each alone. */
void exchange_client_info(struct exchange_client *client, const char *const *symbols, size_t count,
                          struct exchange_answer *out_answer);

#endif
