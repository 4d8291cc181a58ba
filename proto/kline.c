#include "proto/kline.h"

#include "proto/interval.h"
#include "proto/json_reader.h"
#include "proto/json_text.h"
#include "proto/kline_check.h"
#include "proto/kline_json.h"
#include "proto/kline_msgpack.h"
#include "proto/kline_scan.h"
#include "proto/msgpack_writer.h"
#include "runtime/mem.h"

#include <stdio.h>

struct kline_decoder {
    struct json_reader *json;
};

struct kline_decoder *kline_decoder_create(void)
{
    struct kline_decoder *decoder = mem_new(1, sizeof(*decoder));
    decoder->json = json_reader_create();
    return decoder;
}

void kline_decoder_destroy(struct kline_decoder **decoder_p)
{
    struct kline_decoder *decoder = *decoder_p;
    *decoder_p = NULL;
    if (decoder == NULL) {
        return;
    }
    json_reader_destroy(&decoder->json);
    mem_free(decoder);
}

static enum reason read_fields(struct kline_decoder *decoder, struct slice value,
                               struct kline_fields *fields, char *error)
{
    if (kline_msgpack_is_it(value)) {
        return kline_msgpack_read(value, fields, error);
    }
    return kline_scan(value, fields) ? REASON_none
                                     : kline_json_read(decoder->json, value, fields, error);
}

enum reason kline_decode(struct kline_decoder *decoder, struct slice value, struct kline *out_kline,
                         char error[KLINE_ERROR_MAX])
{
    struct kline_fields fields;
    if (value.size == 0) {
        snprintf(error, KLINE_ERROR_MAX, "%s", reason_text(REASON_empty));
        return REASON_empty;
    }
    enum reason reason = read_fields(decoder, value, &fields, error);
    if (reason == REASON_none) {
        reason = kline_check_fields(&fields, out_kline, error);
    }
    json_reader_release(decoder->json);
    return reason;
}

static int64_t close_ms(const struct kline *kline)
{
    return kline->open_ms + MINUTE_MS - 1;
}

static struct slice symbol_of(const struct kline *kline)
{
    return (struct slice){kline->symbol, kline->symbol_size};
}

static void encode_integer(struct msgpack_writer *writer, const char *name, int64_t integer)
{
    msgpack_writer_put_text(writer, name);
    msgpack_writer_put_integer(writer, integer);
}

static void encode_decimal(struct msgpack_writer *writer, const char *name, struct decimal decimal)
{
    char text[DECIMAL_TEXT_MAX];
    size_t size = decimal_print(decimal, text);
    msgpack_writer_put_text(writer, name);
    msgpack_writer_put_string(writer, (struct slice){text, size});
}

size_t kline_encode(const struct kline *kline, unsigned char bytes[KLINE_ENCODED_MAX])
{
    enum { FIELD_COUNT = 15, ID_COUNT = 2 };
    bool has_ids = kline->trade_ids != TRADE_IDS_unknown;
    struct msgpack_writer writer;

    msgpack_writer_init(&writer, bytes, KLINE_ENCODED_MAX);
    msgpack_writer_put_map(&writer, has_ids ? FIELD_COUNT + ID_COUNT : FIELD_COUNT);
    encode_integer(&writer, "E", kline->event_ms);
    encode_integer(&writer, "t", kline->open_ms);
    encode_integer(&writer, "T", close_ms(kline));
    msgpack_writer_put_text(&writer, "s");
    msgpack_writer_put_string(&writer, symbol_of(kline));
    msgpack_writer_put_text(&writer, "i");
    msgpack_writer_put_text(&writer, interval_name(INTERVAL_1m));
    if (has_ids) {
        encode_integer(&writer, "f", kline->first_trade_id);
        encode_integer(&writer, "L", kline->last_trade_id);
    }
    encode_decimal(&writer, "o", kline->open);
    encode_decimal(&writer, "c", kline->close);
    encode_decimal(&writer, "h", kline->high);
    encode_decimal(&writer, "l", kline->low);
    encode_decimal(&writer, "v", kline->volume);
    encode_integer(&writer, "n", kline->trades);
    msgpack_writer_put_text(&writer, "x");
    msgpack_writer_put_boolean(&writer, kline->is_closed);
    encode_decimal(&writer, "q", kline->quote_volume);
    encode_decimal(&writer, "V", kline->taker_buy_volume);
    encode_decimal(&writer, "Q", kline->taker_buy_quote_volume);
    return msgpack_writer_size(&writer);
}

static void print_integer(struct json_text *text, const char *before, int64_t integer)
{
    json_text_put(text, before);
    json_text_put_integer(text, integer);
}

static void print_decimal(struct json_text *text, const char *before, struct decimal decimal)
{
    json_text_put(text, before);
    json_text_put(text, "\"");
    json_text_put_decimal(text, decimal);
    json_text_put(text, "\"");
}

size_t kline_print_json(const struct kline *kline, char text[KLINE_JSON_MAX])
{
    struct json_text json;

    json_text_init(&json, text, KLINE_JSON_MAX);
    print_integer(&json, "{\"e\":\"kline\",\"E\":", kline->event_ms);
    json_text_put(&json, ",\"s\":");
    json_text_put_string(&json, symbol_of(kline));
    print_integer(&json, ",\"k\":{\"t\":", kline->open_ms);
    print_integer(&json, ",\"T\":", close_ms(kline));
    json_text_put(&json, ",\"s\":");
    json_text_put_string(&json, symbol_of(kline));
    json_text_put(&json, ",\"i\":\"1m\"");
    if (kline->trade_ids != TRADE_IDS_unknown) {
        print_integer(&json, ",\"f\":", kline->first_trade_id);
        print_integer(&json, ",\"L\":", kline->last_trade_id);
    }
    print_decimal(&json, ",\"o\":", kline->open);
    print_decimal(&json, ",\"c\":", kline->close);
    print_decimal(&json, ",\"h\":", kline->high);
    print_decimal(&json, ",\"l\":", kline->low);
    print_decimal(&json, ",\"v\":", kline->volume);
    print_integer(&json, ",\"n\":", kline->trades);
    json_text_put(&json, kline->is_closed ? ",\"x\":true" : ",\"x\":false");
    print_decimal(&json, ",\"q\":", kline->quote_volume);
    print_decimal(&json, ",\"V\":", kline->taker_buy_volume);
    print_decimal(&json, ",\"Q\":", kline->taker_buy_quote_volume);
    json_text_put(&json, ",\"B\":\"0\"}}");
    return json_text_finish(&json);
}
