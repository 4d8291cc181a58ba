/* What the files of state/avro_candles*.c share; nothing else sees avro-c. */
#ifndef CANDLED_STATE_AVRO_CANDLES_INTERNAL_H
#define CANDLED_STATE_AVRO_CANDLES_INTERNAL_H

#include "state/avro_candles.h"

#include <avro.h>
#include <stdbool.h>
#include <stddef.h>

struct candle;

enum { AVRO_CANDLES_FIELDS_MAX = 32 };

/* 0, or avro-c's code, as it has them; the caller lets go of the schema. */
int avro_candles_make_schema(avro_schema_t *out_schema);

int avro_candles_fill(avro_value_t *value, const struct candle *candle);

/* Where the fields stand in a file's own schema. False: it is none of candles. */
bool avro_candles_find_fields(avro_value_t *value, size_t places[AVRO_CANDLES_FIELDS_MAX]);

/* False: a field is not what it should be, which avro_strerror() tells. */
bool avro_candles_take(avro_value_t *value, const size_t places[AVRO_CANDLES_FIELDS_MAX],
                       struct candle *candle);

#endif
