#include "actors/edge/mongo_document.h"

#include "proto/decimal.h"
#include "proto/interval.h"

#include <inttypes.h>
#include <stdio.h>

enum { ID_ROOM = SYMBOL_BYTES_MAX + 40 };

static void append_id(const struct candle *candle, bson_t *document)
{
    char id[ID_ROOM];
    (void)snprintf(id, sizeof(id), "%s:%s:%" PRId64, candle->symbol,
                   interval_name(candle->interval), candle->open_ms);
    BSON_APPEND_UTF8(document, "_id", id);
}

void mongo_document_filter(const struct candle *candle, bson_t *filter)
{
    bson_t guard;
    bson_t not_newer;

    append_id(candle, filter);
    BSON_APPEND_DOCUMENT_BEGIN(filter, "revision", &guard);
    BSON_APPEND_DOCUMENT_BEGIN(&guard, "$not", &not_newer);
    BSON_APPEND_INT64(&not_newer, "$gte", candle->revision);
    bson_append_document_end(&guard, &not_newer);
    bson_append_document_end(filter, &guard);
}

static bool append_decimal(bson_t *fields, const char *name, struct decimal decimal)
{
    char text[DECIMAL_TEXT_MAX];
    bson_decimal128_t value;

    (void)decimal_print(decimal, text);
    return bson_decimal128_from_string(text, &value) &&
           BSON_APPEND_DECIMAL128(fields, name, &value);
}

static void append_known(bson_t *fields, const char *name, bool is_known, int64_t value)
{
    if (is_known) {
        BSON_APPEND_INT64(fields, name, value);
    } else {
        BSON_APPEND_NULL(fields, name);
    }
}

static bool append_derived(bson_t *fields, const struct derived *derived)
{
    bool fits = true;
    for (size_t i = 0; i < derived->count; i++) {
        char name[SERIES_TEXT_MAX];
        series_name(derived->series[i], name);
        if (derived->is_known[i]) {
            fits = append_decimal(fields, name, series_value(derived, i)) && fits;
        } else {
            BSON_APPEND_NULL(fields, name);
        }
    }
    return fits;
}

static bool append_fields(const struct candle *candle, bson_t *fields)
{
    bool is_known = candle->trade_ids == TRADE_IDS_known;

    BSON_APPEND_UTF8(fields, "symbol", candle->symbol);
    BSON_APPEND_UTF8(fields, "interval", interval_name(candle->interval));
    BSON_APPEND_DATE_TIME(fields, "openTime", candle->open_ms);
    BSON_APPEND_DATE_TIME(fields, "closeTime", candle_close_ms(candle));
    if (!append_decimal(fields, "open", candle->open) ||
        !append_decimal(fields, "high", candle->high) ||
        !append_decimal(fields, "low", candle->low) ||
        !append_decimal(fields, "close", candle->close) ||
        !append_decimal(fields, "volume", candle->volume) ||
        !append_decimal(fields, "quoteVolume", candle->quote_volume)) {
        return false;
    }
    BSON_APPEND_INT64(fields, "trades", candle->trades);
    if (!append_decimal(fields, "takerBuyVolume", candle->taker_buy_volume) ||
        !append_decimal(fields, "takerBuyQuoteVolume", candle->taker_buy_quote_volume)) {
        return false;
    }
    BSON_APPEND_INT32(fields, "minutes", (int32_t)candle->minutes);
    BSON_APPEND_BOOL(fields, "complete", candle->is_complete);
    append_known(fields, "firstTradeId", is_known && candle->first_trade_id >= 0,
                 candle->first_trade_id);
    append_known(fields, "lastTradeId", is_known && candle->last_trade_id >= 0,
                 candle->last_trade_id);
    append_known(fields, "missingTrades", candle->missing_trades >= 0, candle->missing_trades);
    BSON_APPEND_INT64(fields, "revision", candle->revision);
    BSON_APPEND_DATE_TIME(fields, "updatedAt", candle->updated_ms);
    return append_derived(fields, &candle->derived);
}

bool mongo_document_whole(const struct candle *candle, bson_t *document)
{
    append_id(candle, document);
    return append_fields(candle, document);
}

bool mongo_document_update(const struct candle *candle, bson_t *update)
{
    bson_t fields;

    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &fields);
    bool fits = append_fields(candle, &fields);
    bson_append_document_end(update, &fields);
    return fits;
}
