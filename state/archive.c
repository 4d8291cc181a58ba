#include "state/archive.h"

#include "runtime/crc32c.h"
#include "runtime/hash.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/archive_internal.h"
#include "state/avro_candles.h"
#include "state/folder.h"
#include "state/object_source.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One symbol while its day is written. */
struct entry {
    UT_hash_handle hh;
    struct archive_symbol told;
    bool has_minute[ARCHIVE_DAY_MINUTES_MAX];
};

struct archive_writer {
    struct archive_manifest manifest; /* of what was written so far */
    struct avro_candles_writer *file; /* NULL: finished */
    struct entry *entries;
    char path[];
};

struct archive_reader {
    struct avro_candles_reader *file;
};

bool archive_is_date(const char *text, size_t size)
{
    static const char shape[] = "dddd-dd-dd";
    if (size != sizeof(shape) - 1) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !is_digit : text[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

static bool set_text(char *member, size_t size, const char *text)
{
    int length = snprintf(member, size, "%s", text);
    return length > 0 && (size_t)length < size;
}

enum status archive_day_init(struct archive_day *day, const char *topic, const char *zone,
                             const char *date, int64_t open_ms, int64_t next_ms)
{
    struct archive_day made = {.open_ms = open_ms, .next_ms = next_ms};
    char key[OBJECT_KEY_MAX + 1];

    if (!set_text(made.topic, sizeof(made.topic), topic) ||
        !set_text(made.zone, sizeof(made.zone), zone) || !archive_is_date(date, strlen(date)) ||
        !set_text(made.date, sizeof(made.date), date)) {
        return STATUS_MALFORMED;
    }
    (void)snprintf(key, sizeof(key), "%s/%s/%s" ARCHIVE_DATA_SUFFIX, topic, zone, date);
    if (!object_store_is_key(key)) {
        return STATUS_MALFORMED;
    }
    *day = made;
    return STATUS_OK;
}

enum status archive_writer_create(const struct archive_day *day, const char *path,
                                  struct archive_writer **out_writer)
{
    size_t size = strlen(path) + 1;
    if ((day->next_ms - day->open_ms) / MINUTE_MS > ARCHIVE_DAY_MINUTES_MAX) {
        return STATUS_RANGE;
    }
    struct archive_writer *writer = mem_new(1, sizeof(*writer) + size);
    writer->manifest.day = *day;
    memcpy(writer->path, path, size);

    enum status status = avro_candles_create(path, &writer->file);
    if (status != STATUS_OK) {
        mem_free(writer);
        return status;
    }
    *out_writer = writer;
    return STATUS_OK;
}

void archive_writer_destroy(struct archive_writer **writer_p)
{
    struct archive_writer *writer = *writer_p;
    struct entry *entry;
    struct entry *next;
    *writer_p = NULL;
    if (writer == NULL) {
        return;
    }
    if (writer->file != NULL) {
        avro_candles_abandon(&writer->file);
        (void)unlink(writer->path);
    }
    HASH_ITER(hh, writer->entries, entry, next)
    {
        HASH_DEL(writer->entries, entry);
        mem_free(entry);
    }
    archive_manifest_deinit(&writer->manifest);
    mem_free(writer);
}

static struct entry *entry_of(struct archive_writer *writer, const char *symbol)
{
    struct entry *entry;
    HASH_FIND_STR(writer->entries, symbol, entry);
    if (entry == NULL) {
        entry = mem_new(1, sizeof(*entry));
        (void)snprintf(entry->told.symbol, sizeof(entry->told.symbol), "%s", symbol);
        entry->told.first_open_ms = -1;
        entry->told.last_open_ms = -1;
        HASH_ADD_STR(writer->entries, told.symbol, entry);
    }
    return entry;
}

void archive_writer_expect(struct archive_writer *writer, const char *symbol)
{
    (void)entry_of(writer, symbol);
}

static void count_minute(struct archive_writer *writer, struct entry *entry, int64_t open_ms)
{
    struct archive_symbol *told = &entry->told;
    entry->has_minute[(open_ms - writer->manifest.day.open_ms) / MINUTE_MS] = true;
    if (told->minutes == 0 || open_ms < told->first_open_ms) {
        told->first_open_ms = open_ms;
    }
    if (told->minutes == 0 || open_ms > told->last_open_ms) {
        told->last_open_ms = open_ms;
    }
    told->minutes++;
    writer->manifest.minutes++;
}

enum status archive_writer_add(struct archive_writer *writer, const struct candle *candle)
{
    unsigned char bytes[CANDLE_ENCODED_MAX];
    struct archive_manifest *manifest = &writer->manifest;
    if (candle->open_ms < manifest->day.open_ms || candle->open_ms >= manifest->day.next_ms) {
        return STATUS_RANGE;
    }
    enum status status = avro_candles_put(writer->file, candle);
    if (status != STATUS_OK) {
        return status;
    }
    struct entry *entry = entry_of(writer, candle->symbol);
    entry->told.candles++;
    manifest->candles++;
    if (candle->interval == INTERVAL_1m) {
        count_minute(writer, entry, candle->open_ms);
    }
    manifest->content_crc32c = crc32c_update(manifest->content_crc32c,
                                             (struct slice){bytes, candle_encode(candle, bytes)});
    return STATUS_OK;
}

static int by_symbol(const struct entry *a, const struct entry *b)
{
    return strcmp(a->told.symbol, b->told.symbol);
}

static void add_holes(struct archive_manifest *manifest, const struct entry *entry)
{
    size_t minutes = (size_t)((manifest->day.next_ms - manifest->day.open_ms) / MINUTE_MS);
    for (size_t i = 0; i < minutes; i++) {
        size_t first = i;
        while (i < minutes && !entry->has_minute[i]) {
            i++;
        }
        if (i == first) {
            continue;
        }
        struct archive_hole hole = {.open_ms = manifest->day.open_ms + (int64_t)first * MINUTE_MS,
                                    .minutes = (int64_t)(i - first)};
        memcpy(hole.symbol, entry->told.symbol, sizeof(hole.symbol));
        archive_manifest_add_hole(manifest, &hole);
    }
}

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum status archive_digest(const char *path, const struct object_progress *progress,
                           int64_t *out_size_bytes, char sha256[ARCHIVE_SHA256_MAX])
{
    struct object_source source;
    enum status status = object_source_open(path, &source);
    if (status != STATUS_OK) {
        return status;
    }
    status = object_source_sha256(&source, progress, sha256);
    if (status == STATUS_OK) {
        *out_size_bytes = source.size_bytes;
    }
    object_source_close(&source);
    return status;
}

enum status archive_writer_finish(struct archive_writer *writer,
                                  struct archive_manifest *out_manifest)
{
    struct archive_manifest *manifest = &writer->manifest;
    struct entry *entry;
    struct entry *next;
    assert(writer->file != NULL);
    enum status status = avro_candles_finish(&writer->file);
    if (status == STATUS_OK) {
        status = archive_digest(writer->path, NULL, &manifest->size_bytes, manifest->sha256);
    }
    if (status != STATUS_OK) {
        (void)unlink(writer->path);
        return status;
    }
    manifest->created_ms = wall_ms();
    HASH_SORT(writer->entries, by_symbol);
    HASH_ITER(hh, writer->entries, entry, next)
    {
        archive_manifest_add_symbol(manifest, &entry->told);
        add_holes(manifest, entry);
    }
    *out_manifest = *manifest;
    *manifest = (struct archive_manifest){.created_ms = 0};
    return STATUS_OK;
}

enum status archive_reader_open(const char *path, struct archive_reader **out_reader)
{
    struct avro_candles_reader *file;
    enum status status = avro_candles_open(path, &file);
    if (status != STATUS_OK) {
        return status;
    }
    struct archive_reader *reader = mem_new(1, sizeof(*reader));
    reader->file = file;
    *out_reader = reader;
    return STATUS_OK;
}

void archive_reader_close(struct archive_reader **reader_p)
{
    struct archive_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader != NULL) {
        avro_candles_close(&reader->file);
        mem_free(reader);
    }
}

enum status archive_reader_next(struct archive_reader *reader, struct candle *out_candle)
{
    return avro_candles_next(reader->file, out_candle);
}
