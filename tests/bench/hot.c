/* How long the hot functions take, one by one: nanoseconds a call, the best of some rounds. usage:
 * bench_hot [NAME] */
#include "actors/core/fold.h"
#include "proto/candle.h"
#include "proto/decimal.h"
#include "proto/kline.h"
#include "proto/kline_open.h"
#include "runtime/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9, CALLS = 200000 };

/* As the exchange sends it; the second form has a space, which the fast path leaves alone. */
#define KLINE(space)                                                                               \
    "{\"e\":\"kline\",\"E\":1628952396573," space "\"s\":\"FTMUSDT\",\"k\":{\"t\":1628952360000,"  \
    "\"T\":1628952419999,\"s\":\"FTMUSDT\",\"i\":\"1m\",\"f\":38248833,\"L\":38248910,"            \
    "\"o\":\"0.34064000\",\"c\":\"0.33993000\",\"h\":\"0.34070000\",\"l\":\"0.33934000\","         \
    "\"v\":\"208601.00000000\",\"n\":78,\"x\":false,\"q\":\"70846.76968900\","                     \
    "\"V\":\"156046.30000000\",\"Q\":\"52984.16932200\",\"B\":\"0\"}}"

struct bench {
    struct kline_decoder *decoder;
    struct kline kline;
    struct candle candle;
    unsigned char encoded[CANDLE_ENCODED_MAX];
    size_t encoded_size;
    char json[CANDLE_JSON_MAX];
    volatile size_t sink; /* so that no call is left out */
};

static void decode(struct bench *b, const char *text, size_t size)
{
    char error[KLINE_ERROR_MAX];
    enum reason reason = kline_decode(b->decoder, (struct slice){text, size}, &b->kline, error);
    if (reason != REASON_none) {
        fprintf(stderr, "bench_hot: %s\n", error);
        exit(EXIT_FAILURE);
    }
}

static void decode_event(struct bench *b)
{
    decode(b, KLINE(""), sizeof(KLINE("")) - 1);
}

/* Nine of ten records. */
static void look_at_open(struct bench *b)
{
    static const char text[] = KLINE("");
    b->sink += kline_open_scan((struct slice){text, sizeof(text) - 1}, &b->kline);
}

static void decode_unusual_event(struct bench *b)
{
    decode(b, KLINE(" "), sizeof(KLINE(" ")) - 1);
}

static void parse_decimal(struct bench *b)
{
    static const char text[] = "208601.00000000";
    struct decimal decimal;
    b->sink += decimal_parse((struct slice){text, sizeof(text) - 1}, &decimal) == STATUS_OK;
}

static void compare_decimals(struct bench *b)
{
    b->sink += (size_t)decimal_compare(b->kline.low, b->kline.high);
}

static void encode_candle(struct bench *b)
{
    b->encoded_size = candle_encode(&b->candle, b->encoded);
}

static void decode_candle(struct bench *b)
{
    struct candle candle;
    b->sink += candle_decode((struct slice){b->encoded, b->encoded_size}, &candle) == STATUS_OK;
}

static void print_candle(struct bench *b)
{
    b->sink += candle_print_json(&b->candle, b->json);
}

/* clang-format off */
#define HOT_TABLE(X)                                                              \
    /* function               what                                             */ \
    X(look_at_open,           "kline_open_scan(), of an open kline")              \
    X(decode_event,           "kline_decode(), as the exchange sends it")         \
    X(decode_unusual_event,   "kline_decode(), with a space in it")               \
    X(parse_decimal,          "decimal_parse()")                                  \
    X(compare_decimals,       "decimal_compare()")                                \
    X(encode_candle,          "candle_encode()")                                  \
    X(decode_candle,          "candle_decode()")                                  \
    X(print_candle,           "candle_print_json()")
/* clang-format on */

static double nanoseconds_of(struct bench *b, void (*call)(struct bench *))
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec began;
        struct timespec ended;
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
        for (int i = 0; i < CALLS; i++) {
            call(b);
        }
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
        double took =
            (double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec);
        best = took < best ? took : best;
    }
    return best / CALLS;
}

static void set_up(struct bench *b)
{
    *b = (struct bench){.decoder = kline_decoder_create()};
    decode_event(b);
    b->candle = fold_minute(&b->kline, 1, true);
    encode_candle(b);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const char *what;
        void (*call)(struct bench *);
    } functions[] = {
#define X(function, what) {#function, what, function},
        HOT_TABLE(X)
#undef X
    };
    struct bench b;
    set_up(&b);
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
        if (argc < 2 || strcmp(argv[1], functions[i].name) == 0) {
            printf("%-45s %8.1f ns\n", functions[i].what, nanoseconds_of(&b, functions[i].call));
        }
    }
    kline_decoder_destroy(&b.decoder);
    return EXIT_SUCCESS;
}
