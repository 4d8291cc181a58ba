/* A kline in its JSON shapes, and what the tests of its decoding share. */
#ifndef CANDLED_TESTS_UNIT_PROTO_KLINE_FIXTURE_H
#define CANDLED_TESTS_UNIT_PROTO_KLINE_FIXTURE_H

#include "proto/kline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define INNER                                                                                      \
    "\"t\":1628952360000,\"T\":1628952419999,\"s\":\"FTMUSDT\",\"i\":\"1m\",\"f\":38248833,"       \
    "\"L\":38248910,\"o\":\"0.34064000\",\"c\":\"0.33993000\",\"h\":\"0.34070000\","               \
    "\"l\":\"0.33934000\",\"v\":\"208601.00000000\",\"n\":78,\"x\":true,"                          \
    "\"q\":\"70846.76968900\",\"V\":\"156046.30000000\",\"Q\":\"52984.16932200\",\"B\":\"0\""
#define BARE "{" INNER "}"
#define RAW "{\"e\":\"kline\",\"E\":1628952396573,\"s\":\"FTMUSDT\",\"k\":" BARE "}"
#define WRAPPED "{\"stream\":\"ftmusdt@kline_1m\",\"data\":" RAW "}"

static inline int create_decoder(void **state)
{
    *state = kline_decoder_create();
    return 0;
}

static inline int destroy_decoder(void **state)
{
    struct kline_decoder *decoder = *state;
    kline_decoder_destroy(&decoder);
    assert_null(decoder);
    kline_decoder_destroy(&decoder);
    return 0;
}

static inline struct kline decoded(struct kline_decoder *decoder, struct slice value)
{
    struct kline kline = {.symbol_size = 0};
    char error[KLINE_ERROR_MAX] = "";
    if (kline_decode(decoder, value, &kline, error) != REASON_none) {
        fail_msg("%.*s: %s", (int)value.size, (const char *)value.bytes, error);
    }
    return kline;
}

/* `text` with the first `old` replaced. */
static inline void replace(const char *text, const char *old, const char *new, char *out,
                           size_t out_size)
{
    const char *at = strstr(text, old);
    assert_non_null(at);
    int size = snprintf(out, out_size, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    assert_true(size >= 0 && (size_t)size < out_size);
}

static inline struct kline decoded_with(struct kline_decoder *decoder, const char *text,
                                        const char *old, const char *new)
{
    char changed[2000];
    replace(text, old, new, changed, sizeof(changed));
    return decoded(decoder, slice_of_text(changed));
}

static inline void assert_decimals_equal(struct decimal a, struct decimal b)
{
    assert_int_equal(a.scale, b.scale);
    assert_true(a.coefficient == b.coefficient);
}

static inline void assert_klines_equal(const struct kline *a, const struct kline *b)
{
    assert_string_equal(a->symbol, b->symbol);
    assert_int_equal(a->symbol_size, b->symbol_size);
    assert_int_equal(a->is_closed, b->is_closed);
    assert_int_equal(a->trade_ids, b->trade_ids);
    assert_true(a->open_ms == b->open_ms);
    assert_true(a->event_ms == b->event_ms);
    assert_decimals_equal(a->open, b->open);
    assert_decimals_equal(a->high, b->high);
    assert_decimals_equal(a->low, b->low);
    assert_decimals_equal(a->close, b->close);
    assert_decimals_equal(a->volume, b->volume);
    assert_decimals_equal(a->quote_volume, b->quote_volume);
    assert_decimals_equal(a->taker_buy_volume, b->taker_buy_volume);
    assert_decimals_equal(a->taker_buy_quote_volume, b->taker_buy_quote_volume);
    assert_true(a->trades == b->trades);
    assert_true(a->first_trade_id == b->first_trade_id);
    assert_true(a->last_trade_id == b->last_trade_id);
}

static inline enum reason reason_of(struct kline_decoder *decoder, const void *bytes, size_t size)
{
    struct kline kline;
    char error[KLINE_ERROR_MAX] = "";
    enum reason reason = kline_decode(decoder, (struct slice){bytes, size}, &kline, error);
    assert_int_equal(reason == REASON_none, strlen(error) == 0);
    return reason;
}

#endif
