/* The deliveries that the Redis sink holds, and the window of calls that are on their way.
 *
 * Replies come in the order of the calls, so that a ring is all the memory they need. After a cut
 * everything is sent again from the beginning of each delivery: the script makes that harmless.
 * Thread: the loop's. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_QUEUE_H
#define CANDLED_ACTORS_EDGE_REDIS_QUEUE_H

#include "actors/edge/redis_script.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct actor;
struct delivery;
struct metrics_set;
struct redisReply;
struct redis_link;
struct redis_mark;
struct redis_queue;

/* Candles without a reply; they take less than 4 MiB. */
enum { REDIS_QUEUE_WINDOW_CANDLES = 1024 };

struct redis_queue_options {
    struct metrics_set *metrics; /* borrowed */
    struct redis_script_keys keys;
    int64_t ttl_ms;
    bool is_ttl_from_open;
};

struct redis_queue *redis_queue_create(const struct redis_queue_options *options);

/* Empty; NULL inside is fine. */
void redis_queue_destroy(struct redis_queue **queue_p);

/* mark: the asker's, which outlives the delivery; NULL: it has none. */
void redis_queue_add(struct redis_queue *queue, struct delivery *delivery, struct actor *from,
                     struct redis_mark *mark, int64_t now_ms);

/* Sends as much as the window takes. */
void redis_queue_send(struct redis_queue *queue, struct redis_link *link, int64_t now_ms);

/* Only notes what it says. */
void redis_queue_take_reply(struct redis_queue *queue, const struct redisReply *reply);

/* What a reply said that concerns all candles; NULL: nothing. Until the next rewind. */
const char *redis_queue_error(const struct redis_queue *queue);

/* Whether a call has worked since this was asked last. */
bool redis_queue_take_proof(struct redis_queue *queue);

/* Answers the deliveries that are written, and covered by their marks. */
void redis_queue_answer(struct redis_queue *queue);

/* The connection is gone: all is to be sent again. Returns how many deliveries had been begun. */
int64_t redis_queue_rewind(struct redis_queue *queue);

/* When the oldest delivery came, or `since_ms` if that is later; DEADLINE_NONE: there is none. */
int64_t redis_queue_oldest_ms(const struct redis_queue *queue, int64_t since_ms);

/* After a rewind: answers UNAVAILABLE for those that came, or wait since `since_ms`, up to
 * `limit_ms`. Returns how many. */
int64_t redis_queue_give_back(struct redis_queue *queue, int64_t since_ms, int64_t limit_ms);

/* Answers UNAVAILABLE, at once, for what came from `asker`: what is on its way of it may be written
 * or not, and its replies are dropped when they come. Returns how many. */
int64_t redis_queue_cancel(struct redis_queue *queue, const struct actor *asker);

void redis_queue_answer_one(struct actor *to, struct delivery *delivery, enum status status);

#endif
