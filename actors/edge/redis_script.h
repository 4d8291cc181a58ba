/* The script that runs inside Redis: writes candles under their three keys, guarded by revision.
 *
 * One call carries several candles, each with its own answer, so that one bad key does not stop the
 * others. The keys of an index and a `latest` are told once for the candles of a series that stand
 * together, and read and written once a call. A key of another type refuses the candle as a whole,
 * before anything of it is written. An equal revision changes nothing that is there, but puts back
 * what index or `latest` have lost (to eviction, or because a call was cut short); so a candle may
 * be sent any number of times.
 * The same script writes a partition's mark (see redis_marks.h), so that one name is loaded.
 * Wants Redis 5 or newer. */
#ifndef CANDLED_ACTORS_EDGE_REDIS_SCRIPT_H
#define CANDLED_ACTORS_EDGE_REDIS_SCRIPT_H

#include "actors/acked.h"
#include "proto/candle.h"
#include "proto/key_template.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REDIS_SCRIPT_CANDLES_MAX = 64, /* a call; more is no faster, and makes others wait longer */
    REDIS_SCRIPT_KEYS = 3,         /* of a candle: its own, its index, its `latest` */
    REDIS_SCRIPT_VALUES = 3,
    REDIS_SCRIPT_ARGS_MAX =
        6 + REDIS_SCRIPT_CANDLES_MAX * (REDIS_SCRIPT_KEYS + REDIS_SCRIPT_VALUES),
    REDIS_SCRIPT_COUNTS_MAX = 3 * REDIS_SCRIPT_CANDLES_MAX, /* their text */
};

struct redis_script_keys {
    struct key_template candle;
    struct key_template index;
    struct key_template latest;
};

/* STATUS_BAD_CONFIG, with what is wrong in `error`: a candle's key must tell symbol, interval and
 * open time apart, the other two symbol and interval. */
MUST_CHECK enum status redis_script_keys_parse(const char *candle, const char *index,
                                               const char *latest,
                                               struct redis_script_keys *out_keys, char *error,
                                               size_t error_size);

struct redis_script_key {
    char text[KEY_MAX];
    size_t size;
};

/* A call while it is put together: plain buffers, meant to be used again and again. */
struct redis_script_call {
    size_t candle_count;
    size_t series_count;
    size_t arg_count;
    const char *args[REDIS_SCRIPT_ARGS_MAX];
    size_t sizes[REDIS_SCRIPT_ARGS_MAX];
    char key_count[8];
    char ttl[24];
    char counts[REDIS_SCRIPT_COUNTS_MAX];
    struct redis_script_series { /* candles of one series that stand together */
        char symbol[SYMBOL_BYTES_MAX + 1];
        enum interval interval;
        size_t count;
        struct redis_script_key index;
        struct redis_script_key latest;
    } series[REDIS_SCRIPT_CANDLES_MAX];
    struct {
        struct redis_script_key key;
        char json[CANDLE_JSON_MAX];
        size_t json_size;
        char revision[24];
        char open_time[24];
    } candles[REDIS_SCRIPT_CANDLES_MAX];
};

extern const char redis_script_text[];

void redis_script_begin(struct redis_script_call *call);

/* The candles of a series one after the other, in any order; else it is told anew. */
void redis_script_add(struct redis_script_call *call, const struct redis_script_keys *keys,
                      const struct candle *candle);

/* Fills args and sizes: EVALSHA and all that follows. `sha` is borrowed until the call is sent. */
void redis_script_finish(struct redis_script_call *call, const char *sha, int64_t ttl_ms,
                         bool is_ttl_from_open);

enum {
    REDIS_SCRIPT_MARK_TEXTS = 4,
    REDIS_SCRIPT_MARK_TEXT_MAX = 48,
    REDIS_SCRIPT_MARK_ARGS_MAX = 10,
};

struct redis_script_mark {
    size_t arg_count;
    const char *args[REDIS_SCRIPT_MARK_ARGS_MAX];
    size_t sizes[REDIS_SCRIPT_MARK_ARGS_MAX];
    char texts[REDIS_SCRIPT_MARK_TEXTS][REDIS_SCRIPT_MARK_TEXT_MAX];
};

/* The key of a partition's mark, or with ":count" of what stands beside it; mem_free() it. */
char *redis_script_mark_key(const char *group, const char *topic, int32_t partition,
                            const char *suffix);

/* Writes `value` over `expected` only. Answers two texts, what was there before: the revision, -1
 * for nothing of ours, and "COUNT LIFE", "0 0" for none. `sha` and the keys are borrowed until the
 * call is sent. */
void redis_script_write_mark(struct redis_script_mark *call, const char *sha, const char *key,
                             const char *count_key, struct acked value, struct acked expected);

/* The two texts of its answer; -1 for what is no number. */
struct acked redis_script_parse_mark(const char *revision, const char *count);

#endif
