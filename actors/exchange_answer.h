/* What became of one REST request to the exchange. Plain data.
 *
 * Ownership: exchange_answer_deinit() frees; a zeroed one is empty. */
#ifndef CANDLED_ACTORS_EXCHANGE_ANSWER_H
#define CANDLED_ACTORS_EXCHANGE_ANSWER_H

#include "proto/exchange_rest.h"
#include "proto/kline.h"
#include "runtime/slice.h"

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define EXCHANGE_ANSWER_TABLE(X)                                                  \
    /* kind     what to do                                                     */ \
    X(good,     "use it")                                                         \
    X(unknown,  "the exchange has no such symbol, and can have none (-1121, -1100)")                        \
    X(limited,  "429 or 418: ask nothing for wait_ms")                            \
    X(failed,   "no answer, or none that can be used: ask again later")
/* clang-format on */

enum exchange_answer_kind {
#define X(name, what) EXCHANGE_ANSWER_##name,
    EXCHANGE_ANSWER_TABLE(X)
#undef X
};

/* A closed minute, and its text as the log gets it. */
struct exchange_row {
    struct kline kline;
    size_t text_at; /* in texts */
    size_t text_size;
};

/* A symbol that the exchange has. */
struct exchange_listing {
    char symbol[SYMBOL_BYTES_MAX + 1];
    char status[EXCHANGE_REST_STATUS_MAX];
};

struct exchange_answer {
    enum exchange_answer_kind kind;
    int http_code; /* 0: there was none */
    int64_t code;  /* the exchange's own; 0: none */
    char error[EXCHANGE_REST_ERROR_MAX];
    int64_t wait_ms;     /* with limited */
    int64_t used_weight; /* of this minute, as the exchange counts; -1: it does not say */
    int64_t server_ms;   /* its clock (exchangeInfo); INT64_MIN: it does not say */
    struct exchange_row *rows;
    size_t row_count;
    size_t bad_rows; /* beside them, skipped; `error` says why */
    char *texts;
    size_t texts_size;
    struct exchange_listing *listings;
    size_t listing_count;
};

void exchange_answer_deinit(struct exchange_answer *answer);

void exchange_answer_add_row(struct exchange_answer *answer, const struct kline *kline,
                             struct slice text);

void exchange_answer_add_listing(struct exchange_answer *answer, const char *symbol,
                                 const char *status);

struct slice exchange_answer_text(const struct exchange_answer *answer, size_t row);

#endif
