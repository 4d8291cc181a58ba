/* A day's backup: the candles of one day of a named zone, in one file that other tools read too.
 *
 * Two objects in an object store: TOPIC/ZONE/YYYY-MM-DD.avro, an Avro object container of candles
 * (deflate; every field of struct candle, decimals as text with exactly the digits they have), and
 * YYYY-MM-DD.json beside it, its manifest, which is written last: what has no manifest is no
 * backup. The candles are 1m, and of any other interval that the day's batch writes; each keeps the
 * revision that it was made with.
 * Thread: any, one call at a time for each writer or reader; every call blocks. What goes wrong is
 * logged here. */
#ifndef CANDLED_STATE_ARCHIVE_H
#define CANDLED_STATE_ARCHIVE_H

#include "proto/candle.h"
#include "runtime/base.h"
#include "runtime/status.h"
#include "state/object_store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ARCHIVE_TOPIC_MAX = 250,
    ARCHIVE_ZONE_MAX = 64,
    ARCHIVE_DATE_MAX = 11, /* YYYY-MM-DD and a zero */
    ARCHIVE_SHA256_MAX = 65,
    ARCHIVE_DAY_MINUTES_MAX =
        1680, /* 27 hours, of a zone that is set back by three, and one more */
};

/* Whose day it is. */
struct archive_day {
    char topic[ARCHIVE_TOPIC_MAX];
    char zone[ARCHIVE_ZONE_MAX];
    char date[ARCHIVE_DATE_MAX];
    int64_t open_ms; /* the day's first instant, and the next day's; whole minutes */
    int64_t next_ms;
};

/* What is in it of one symbol. */
struct archive_symbol {
    char symbol[SYMBOL_BYTES_MAX + 1];
    int64_t candles;       /* of all intervals */
    int64_t minutes;       /* of them, 1m */
    int64_t first_open_ms; /* of the minutes; -1: none */
    int64_t last_open_ms;
};

/* Minutes of the day that are not in it. */
struct archive_hole {
    char symbol[SYMBOL_BYTES_MAX + 1];
    int64_t open_ms;
    int64_t minutes;
};

/* What YYYY-MM-DD.json says. Ownership: archive_manifest_deinit() frees the two lists. */
struct archive_manifest {
    struct archive_day day;
    int64_t created_ms; /* wall time */
    int64_t size_bytes; /* of YYYY-MM-DD.avro */
    char sha256[ARCHIVE_SHA256_MAX];
    char replaces[ARCHIVE_SHA256_MAX]; /* while a backup is replaced: the file before; else "" */
    uint32_t content_crc32c;           /* of the candles, in their order: the same for the same */
    int64_t candles;
    int64_t minutes;
    struct archive_symbol *symbols; /* by name */
    size_t symbol_count;
    struct archive_hole *holes; /* by symbol and time */
    size_t hole_count;
};

/* An all-zero one is fine. */
void archive_manifest_deinit(struct archive_manifest *manifest);

/* STATUS_MALFORMED: topic, zone or date cannot be parts of a key. */
MUST_CHECK enum status archive_day_init(struct archive_day *day, const char *topic,
                                        const char *zone, const char *date, int64_t open_ms,
                                        int64_t next_ms);

struct archive_writer;

/* A new file at `path`; one that is there is emptied. STATUS_RANGE: the day is too long. */
MUST_CHECK enum status archive_writer_create(const struct archive_day *day, const char *path,
                                             struct archive_writer **out_writer);

/* NULL inside is fine. The file of one that was not finished is removed. */
void archive_writer_destroy(struct archive_writer **writer_p);

/* A symbol that the day should hold: without any candle, all of its day is a hole. */
void archive_writer_expect(struct archive_writer *writer, const char *symbol);

/* In any order, each at most once; STATUS_RANGE: it does not open within the day. STATUS_DISK_FULL,
 * STATUS_IO: the file is of no use any more. */
MUST_CHECK enum status archive_writer_add(struct archive_writer *writer,
                                          const struct candle *candle);

/* The file is whole and on the disk. Once only. */
MUST_CHECK enum status archive_writer_finish(struct archive_writer *writer,
                                             struct archive_manifest *out_manifest);

struct archive_reader;

/* STATUS_NOT_FOUND: there is no such file; STATUS_CORRUPT: it is no backup. */
MUST_CHECK enum status archive_reader_open(const char *path, struct archive_reader **out_reader);

void archive_reader_close(struct archive_reader **reader_p);

/* The candles in the order they were written. STATUS_NOT_FOUND: there are no more; STATUS_CORRUPT.
 */
MUST_CHECK enum status archive_reader_next(struct archive_reader *reader,
                                           struct candle *out_candle);

/* Puts the finished file at `path` into the store. One that holds the same candles is left as it
 * is; one that holds minutes which this one lacks is kept, too, unless `is_forced`, and then
 * *out_is_kept is set. A day is readable at any moment of a replacement. What has been put is read
 * back; STATUS_BUSY: others put theirs at the same time, again and again. */
MUST_CHECK enum status archive_publish(struct object_store *store, const char *path,
                                       const struct archive_manifest *manifest, bool is_forced,
                                       const struct object_progress *progress, bool *out_is_kept);

/* The manifest alone. STATUS_NOT_FOUND: no such backup; STATUS_CORRUPT: it cannot be read. */
MUST_CHECK enum status archive_look(struct object_store *store, const char *topic, const char *zone,
                                    const char *date, struct archive_manifest *out_manifest);

/* Copies a day's file to `path` and checks it; nothing is left there on failure. STATUS_NOT_FOUND:
 * no such backup; STATUS_CORRUPT: it is not what its manifest says. out_manifest may be NULL. */
MUST_CHECK enum status archive_fetch(struct object_store *store, const char *topic,
                                     const char *zone, const char *date, const char *path,
                                     const struct object_progress *progress,
                                     struct archive_manifest *out_manifest);

struct archive_dates { /* the oldest first */
    char (*items)[ARCHIVE_DATE_MAX];
    size_t count;
};

void archive_dates_deinit(struct archive_dates *dates);

/* The days that have a manifest. */
MUST_CHECK enum status archive_list(struct object_store *store, const char *topic, const char *zone,
                                    struct archive_dates *out_dates);

/* Deletes the backups of days before `date`; the number that went, if out_deleted is not NULL. */
MUST_CHECK enum status archive_prune(struct object_store *store, const char *topic,
                                     const char *zone, const char *date, size_t *out_deleted);

/* A manifest's text, zero-terminated; the caller frees it (mem_free). */
char *archive_manifest_print(const struct archive_manifest *manifest);

/* STATUS_MALFORMED: not a manifest. */
MUST_CHECK enum status archive_manifest_parse(const char *text, size_t size,
                                              struct archive_manifest *out_manifest);

#endif
