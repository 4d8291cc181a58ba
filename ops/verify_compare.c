#include "ops/verify_internal.h"

#include "actors/edge/mongo_reader.h"
#include "actors/edge/redis_reader.h"
#include "ops/config.h"
#include "ops/state_book.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(struct verify *v, const struct verify_difference *difference)
{
    v->result.is_compared[difference->place] = true;
    v->result.counts[difference->place][difference->verdict]++;
    if (verify_is_difference(difference->verdict)) {
        v->options.differs(v->options.context, difference);
    }
}

/* An era that was begun since then raised nothing but the number: records decide. */
static enum verify_verdict by_revision(int64_t wanted, int64_t found)
{
    if (found <= 0 || revision_offset(found) < revision_offset(wanted)) {
        return VERDICT_older;
    }
    return revision_offset(found) > revision_offset(wanted) ? VERDICT_newer : VERDICT_other;
}

static int64_t revision_in(const char *json)
{
    const char *at = strstr(json, "\"revision\":");
    return at == NULL ? 0 : strtoll(at + strlen("\"revision\":"), NULL, 10);
}

/* The texts, but for the era in their revisions. */
static bool are_same(const struct candle *wanted, const char *found)
{
    struct candle as_found = *wanted;
    char json[CANDLE_JSON_MAX];
    int64_t revision = revision_in(found);

    if (revision_offset(revision) == revision_offset(wanted->revision)) {
        as_found.revision = revision;
    }
    size_t size = candle_print_json(&as_found, json);
    return strlen(found) == size && memcmp(found, json, size) == 0;
}

static void judge_text(struct verify *v, enum verify_place place, const struct candle *wanted,
                       const char *found, enum verify_verdict without)
{
    struct verify_difference difference = {.place = place, .wanted = wanted, .found = found};
    if (found == NULL) {
        difference.verdict = without;
    } else {
        difference.found_revision = revision_in(found);
        difference.verdict = are_same(wanted, found)
                                 ? VERDICT_same
                                 : by_revision(wanted->revision, difference.found_revision);
    }
    note(v, &difference);
}

static bool is_wanted_by(interval_set intervals, const struct candle *candle)
{
    return (intervals & INTERVAL_BIT(candle->interval)) != 0;
}

/* Both count from the close at the latest: one in event time, as the index does, since a replay
 * writes old candles anew; the other by MongoDB's own clock. */
static enum verify_verdict without(const struct candle *candle, int64_t ttl_ms, int64_t now_ms)
{
    bool is_gone = ttl_ms > 0 && candle_close_ms(candle) + ttl_ms < now_ms;
    return is_gone ? VERDICT_expired : VERDICT_missing;
}

static void on_redis(void *context, const struct candle *candle, const char *found)
{
    struct verify *v = context;
    judge_text(v, VERIFY_redis, candle, found,
               without(candle, v->options.config->redis.ttl, v->stream_time_ms));
}

static void compare_redis(struct verify *v)
{
    interval_set intervals = v->options.config->redis.intervals;
    for (size_t i = 0; i < v->count && v->status == STATUS_OK; i++) {
        size_t end = i;
        while (end < v->count && is_wanted_by(intervals, &v->candles[end])) {
            end++;
        }
        if (end > i) {
            v->status = redis_reader_get(v->redis, &v->candles[i], end - i, on_redis, v);
            i = end;
        }
    }
    if (v->status != STATUS_OK) {
        snprintf(v->result.error, sizeof(v->result.error), "Redis: %s",
                 redis_reader_error(v->redis));
    }
}

static void on_mongo(void *context, const struct candle *candle, const struct mongo_found *found)
{
    struct verify *v = context;
    struct verify_difference difference = {.place = VERIFY_mongo, .wanted = candle};

    if (!found->is_there) {
        difference.verdict = without(candle, v->options.config->mongo.retention, v->now_ms);
    } else {
        bool is_revision_alone =
            found->field != NULL && strcmp(found->field, "revision") == 0 &&
            revision_offset(found->revision) == revision_offset(candle->revision);
        difference.found = found->json;
        difference.found_revision = found->revision;
        difference.verdict = found->is_same || is_revision_alone
                                 ? VERDICT_same
                                 : by_revision(candle->revision, found->revision);
    }
    note(v, &difference);
}

static void compare_mongo(struct verify *v)
{
    for (size_t i = 0; i < v->count && v->status == STATUS_OK; i++) {
        if (is_wanted_by(v->options.config->mongo.intervals, &v->candles[i])) {
            v->status = mongo_reader_get(v->mongo, &v->candles[i], on_mongo, v);
        }
    }
    if (v->status != STATUS_OK) {
        snprintf(v->result.error, sizeof(v->result.error), "MongoDB: %s",
                 mongo_reader_error(v->mongo));
    }
}

/* State is kept for a while in event time; what has left it is no difference. */
static void compare_lmdb(struct verify *v)
{
    for (size_t i = 0; i < v->count; i++) {
        const struct candle *candle = &v->candles[i];
        const char *found = state_book_find(v->book, candle);
        bool is_gone =
            rules_expire_ms(&v->rules, candle->interval, candle->open_ms) <= v->stream_time_ms;
        if (!state_book_is_empty(v->book)) {
            judge_text(v, VERIFY_lmdb, candle, found, is_gone ? VERDICT_expired : VERDICT_missing);
        }
    }
}

void verify_compare_chunk(struct verify *v)
{
    compare_lmdb(v);
    if (v->redis != NULL) {
        compare_redis(v);
    }
    if (v->mongo != NULL && v->status == STATUS_OK) {
        compare_mongo(v);
    }
    v->result.candles += (int64_t)v->count;
    v->count = 0;
}
