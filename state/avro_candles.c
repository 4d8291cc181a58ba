#include "state/avro_candles.h"

#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/avro_candles_internal.h"
#include "state/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 1 << 18 };

#define CODEC "deflate"

struct avro_candles_writer {
    char *path;
    FILE *file;
    avro_file_writer_t avro;
    avro_value_iface_t *class;
    avro_value_t value;
};

struct avro_candles_reader {
    char *path;
    avro_file_reader_t avro;
    avro_value_iface_t *class;
    avro_value_t value;
    bool is_at_end;                         /* avro-c would take a further read for damage */
    size_t places[AVRO_CANDLES_FIELDS_MAX]; /* of the fields, in the file's own schema */
};

/* avro-c says in errno or its result what the system said; its own words are for the log. */
static enum status failed(const char *call, const char *path, int code, enum status otherwise)
{
    enum status status = otherwise;
    if (code == ENOSPC || code == EDQUOT) {
        status = STATUS_DISK_FULL;
    }
    log_event(LOG_backup_file_failed, log_text("call", call), log_text("path", path),
              log_text("status", status_text(status)), log_text("error", avro_strerror()));
    return status;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_new(size, 1), text, size);
}

static void free_writer(struct avro_candles_writer *writer)
{
    if (writer->value.iface != NULL) {
        avro_value_decref(&writer->value);
    }
    if (writer->class != NULL) {
        avro_value_iface_decref(writer->class);
    }
    mem_free(writer->path);
    mem_free(writer);
}

static bool make_value(avro_schema_t schema, avro_value_iface_t **class, avro_value_t *value)
{
    *class = avro_generic_class_from_schema(schema);
    return *class != NULL && avro_generic_value_new(*class, value) == 0;
}

static bool start_writing(struct avro_candles_writer *writer)
{
    avro_schema_t schema;
    if (avro_candles_make_schema(&schema) != 0) {
        return false;
    }
    bool is_started = make_value(schema, &writer->class, &writer->value) &&
                      avro_file_writer_create_with_codec_fp(writer->file, writer->path, 0, schema,
                                                            &writer->avro, CODEC, BLOCK_BYTES) == 0;
    avro_schema_decref(schema);
    return is_started;
}

enum status avro_candles_create(const char *path, struct avro_candles_writer **out_writer)
{
    FILE *file = fopen(path, "wbe");
    if (file == NULL) {
        return folder_failed("fopen", path);
    }
    struct avro_candles_writer *writer = mem_new(1, sizeof(*writer));
    writer->path = copy_text(path);
    writer->file = file;
    errno = 0;
    if (!start_writing(writer)) {
        enum status status = failed("create", path, errno, STATUS_IO);
        (void)fclose(file);
        free_writer(writer);
        return status;
    }
    *out_writer = writer;
    return STATUS_OK;
}

enum status avro_candles_put(struct avro_candles_writer *writer, const struct candle *candle)
{
    errno = 0;
    int rc = avro_candles_fill(&writer->value, candle);
    if (rc == 0) {
        rc = avro_file_writer_append_value(writer->avro, &writer->value);
    }
    return rc == 0 ? STATUS_OK
                   : failed("append", writer->path, rc == ENOSPC ? rc : errno, STATUS_IO);
}

/* The library does not look at what its last flush came to: the stream remembers. */
enum status avro_candles_finish(struct avro_candles_writer **writer_p)
{
    struct avro_candles_writer *writer = *writer_p;
    enum status status = STATUS_OK;
    *writer_p = NULL;

    errno = 0;
    if (avro_file_writer_close(writer->avro) != 0 || ferror(writer->file) != 0) {
        status = failed("close", writer->path, errno, STATUS_IO);
    } else if (fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0) {
        status = folder_failed("fsync", writer->path);
    }
    if (fclose(writer->file) != 0 && status == STATUS_OK) {
        status = folder_failed("fclose", writer->path);
    }
    free_writer(writer);
    return status;
}

void avro_candles_abandon(struct avro_candles_writer **writer_p)
{
    struct avro_candles_writer *writer = *writer_p;
    *writer_p = NULL;
    if (writer != NULL) {
        (void)avro_file_writer_close(writer->avro);
        (void)fclose(writer->file);
        free_writer(writer);
    }
}

static void free_reader(struct avro_candles_reader *reader)
{
    if (reader->value.iface != NULL) {
        avro_value_decref(&reader->value);
    }
    if (reader->class != NULL) {
        avro_value_iface_decref(reader->class);
    }
    if (reader->avro != NULL) {
        (void)avro_file_reader_close(reader->avro);
    }
    mem_free(reader->path);
    mem_free(reader);
}

static bool start_reading(struct avro_candles_reader *reader)
{
    if (avro_file_reader(reader->path, &reader->avro) != 0) {
        reader->avro = NULL;
        return false;
    }
    avro_schema_t schema = avro_file_reader_get_writer_schema(reader->avro);
    bool is_started = make_value(schema, &reader->class, &reader->value) &&
                      avro_candles_find_fields(&reader->value, reader->places);
    avro_schema_decref(schema);
    return is_started;
}

enum status avro_candles_open(const char *path, struct avro_candles_reader **out_reader)
{
    if (access(path, R_OK) != 0) {
        bool is_missing = errno == ENOENT;
        enum status status = folder_failed("open", path);
        return is_missing ? STATUS_NOT_FOUND : status;
    }
    struct avro_candles_reader *reader = mem_new(1, sizeof(*reader));
    reader->path = copy_text(path);
    if (!start_reading(reader)) {
        enum status status = failed("open", path, 0, STATUS_CORRUPT);
        free_reader(reader);
        return status;
    }
    *out_reader = reader;
    return STATUS_OK;
}

void avro_candles_close(struct avro_candles_reader **reader_p)
{
    struct avro_candles_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader != NULL) {
        free_reader(reader);
    }
}

enum status avro_candles_next(struct avro_candles_reader *reader, struct candle *out_candle)
{
    struct candle candle = {.open_ms = 0};
    int rc = EOF;
    (void)avro_value_reset(&reader->value);
    if (!reader->is_at_end) {
        rc = avro_file_reader_read_value(reader->avro, &reader->value);
    }
    if (rc == EOF) {
        reader->is_at_end = true;
        return STATUS_NOT_FOUND;
    }
    if (rc != 0 || !avro_candles_take(&reader->value, reader->places, &candle)) {
        return failed("read", reader->path, 0, STATUS_CORRUPT);
    }
    *out_candle = candle;
    return STATUS_OK;
}
