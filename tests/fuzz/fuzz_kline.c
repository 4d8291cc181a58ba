/* kline_decode(): whatever it takes is valid, and survives both encodings of our own. */
#include "proto/kline.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_decimal(struct decimal decimal)
{
    assert(!decimal_is_negative(decimal));
    assert(decimal.scale <= DECIMAL_SCALE_MAX);
}

static void check(const struct kline *kline)
{
    assert(kline->symbol_size >= 1);
    assert(strlen(kline->symbol) == kline->symbol_size);
    assert(kline->open_ms >= 0 && kline->open_ms % 60000 == 0);
    assert(kline->event_ms >= 0);
    assert(kline->trades >= 0);
    assert(decimal_compare(kline->low, kline->high) <= 0);
    assert(decimal_compare(kline->low, kline->open) <= 0);
    assert(decimal_compare(kline->close, kline->high) <= 0);
    check_decimal(kline->volume);
    check_decimal(kline->quote_volume);
    check_decimal(kline->taker_buy_volume);
    check_decimal(kline->taker_buy_quote_volume);
}

/* Encodings of equal klines are equal bytes. */
static void check_encodings(struct kline_decoder *decoder, const struct kline *kline)
{
    unsigned char packed[KLINE_ENCODED_MAX];
    unsigned char packed_again[KLINE_ENCODED_MAX];
    char printed[KLINE_JSON_MAX];
    char error[KLINE_ERROR_MAX];
    struct kline again;
    size_t size = kline_encode(kline, packed);
    size_t printed_size = kline_print_json(kline, printed);

    assert(kline_decode(decoder, (struct slice){packed, size}, &again, error) == REASON_none);
    assert(kline_encode(&again, packed_again) == size);
    assert(memcmp(packed, packed_again, size) == 0);
    assert(kline_decode(decoder, (struct slice){printed, printed_size}, &again, error) ==
           REASON_none);
    assert(kline_encode(&again, packed_again) == size);
    assert(memcmp(packed, packed_again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct kline_decoder *decoder; /* one for all inputs: nothing may stay behind in it */
    struct kline kline;
    char error[KLINE_ERROR_MAX] = "";

    if (decoder == NULL) {
        decoder = kline_decoder_create();
    }
    if (kline_decode(decoder, (struct slice){bytes, size}, &kline, error) != REASON_none) {
        size_t length = strnlen(error, sizeof(error));
        assert(length > 0 && length < sizeof(error));
        return 0;
    }
    check(&kline);
    check_encodings(decoder, &kline);
    return 0;
}
