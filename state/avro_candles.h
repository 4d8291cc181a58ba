/* Candles in an Avro object container: the one wrapper of avro-c.
 *
 * Compressed by deflate, which every reader of Avro has. Fields are named as in the JSON that Redis
 * holds; decimals are text, so that no digit and no scale is lost; times are ms since 1970.
 * Thread: any, one call at a time for each. Every call blocks. What goes wrong is logged here. */
#ifndef CANDLED_STATE_AVRO_CANDLES_H
#define CANDLED_STATE_AVRO_CANDLES_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"

struct avro_candles_writer;
struct avro_candles_reader;

/* A new file; one that is there is emptied. */
MUST_CHECK enum status avro_candles_create(const char *path,
                                           struct avro_candles_writer **out_writer);

/* STATUS_DISK_FULL, STATUS_IO: the file is of no use any more. */
MUST_CHECK enum status avro_candles_put(struct avro_candles_writer *writer,
                                        const struct candle *candle);

/* Ends the writer, which is cleared, whatever comes of it; on success the file is on the disk. */
MUST_CHECK enum status avro_candles_finish(struct avro_candles_writer **writer_p);

/* Without a promise about the file. NULL inside is fine. */
void avro_candles_abandon(struct avro_candles_writer **writer_p);

/* STATUS_NOT_FOUND: there is no such file; STATUS_CORRUPT: it does not hold candles. */
MUST_CHECK enum status avro_candles_open(const char *path, struct avro_candles_reader **out_reader);

void avro_candles_close(struct avro_candles_reader **reader_p);

/* STATUS_NOT_FOUND: there are no more; STATUS_CORRUPT. */
MUST_CHECK enum status avro_candles_next(struct avro_candles_reader *reader,
                                         struct candle *out_candle);

#endif
