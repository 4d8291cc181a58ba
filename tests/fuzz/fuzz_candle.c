/* candle_decode(): whatever it takes can be stored again, byte for byte, and printed as JSON. */
#include "proto/candle.h"
#include "proto/json_reader.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_json(const struct candle *candle)
{
    static struct json_reader *reader;
    char text[CANDLE_JSON_MAX];
    char error[100];
    struct value root;

    if (reader == NULL) {
        reader = json_reader_create();
    }
    size_t size = candle_print_json(candle, text);
    assert(size < CANDLE_JSON_MAX);
    for (const char *c = candle->symbol; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80) {
            return; /* a stored symbol was UTF-8 when it came in: storage does not look again */
        }
    }
    assert(json_reader_read(reader, (struct slice){text, size}, &root, error, sizeof(error)) ==
           STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct candle candle;
    struct candle again;
    unsigned char encoded[CANDLE_ENCODED_MAX];
    unsigned char encoded_again[CANDLE_ENCODED_MAX];

    if (candle_decode((struct slice){bytes, size}, &candle) != STATUS_OK) {
        return 0;
    }
    size_t encoded_size = candle_encode(&candle, encoded);
    assert(candle_decode((struct slice){encoded, encoded_size}, &again) == STATUS_OK);
    assert(candle_encode(&again, encoded_again) == encoded_size);
    assert(memcmp(encoded, encoded_again, encoded_size) == 0);
    check_json(&candle);
    return 0;
}
