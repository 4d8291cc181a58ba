#include "ops/kline_file.h"

#include "ops/byte_file.h"
#include "ops/json_frame.h"
#include "ops/kline_csv.h"
#include "ops/text.h"
#include "proto/kline.h"
#include "runtime/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum format { FORMAT_unknown, FORMAT_csv, FORMAT_json };

enum { BUFFER_START = 65536 };

struct kline_file {
    char *path;
    struct byte_file *bytes;
    enum format format;
    bool has_symbol; /* for all rows: given, or told by the name */
    struct kline kline;
    struct kline_decoder *decoder;
    char *buffer;
    size_t capacity;
    size_t start; /* of what is not yet handed out */
    size_t size;
    bool is_at_end;
    size_t line;
    int64_t event_ms; /* of the last line that told one */
    char json[KLINE_JSON_MAX];
};

static enum status fail(const struct kline_file *file, enum status status, const char *why,
                        char error[KLINE_FILE_ERROR_MAX])
{
    if (file->line == 0) {
        snprintf(error, KLINE_FILE_ERROR_MAX, "%.255s: %s", file->path, why);
    } else {
        snprintf(error, KLINE_FILE_ERROR_MAX, "%.255s:%zu: %s", file->path, file->line, why);
    }
    return status;
}

/* Room for more behind what is there: what was handed out goes first, then the buffer grows. */
static enum status make_room(struct kline_file *file, char error[KLINE_FILE_ERROR_MAX])
{
    if (file->start > 0) {
        memmove(file->buffer, file->buffer + file->start, file->size - file->start);
        file->size -= file->start;
        file->start = 0;
    }
    if (file->size < file->capacity) {
        return STATUS_OK;
    }
    if (file->capacity >= KLINE_FILE_LINE_MAX) {
        file->line++;
        return fail(file, STATUS_MALFORMED, "a line is longer than 4 MiB", error);
    }
    file->capacity *= 2;
    file->buffer = mem_resize(file->buffer, file->capacity, 1);
    return STATUS_OK;
}

static enum status read_more(struct kline_file *file, char error[KLINE_FILE_ERROR_MAX])
{
    char why[BYTE_FILE_ERROR_MAX];
    size_t count;
    enum status status = make_room(file, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = byte_file_read(file->bytes, file->buffer + file->size, file->capacity - file->size,
                            &count, why);
    if (status != STATUS_OK) {
        return fail(file, status, why, error);
    }
    file->size += count;
    file->is_at_end = count == 0;
    return STATUS_OK;
}

static struct slice trimmed(const char *bytes, size_t size)
{
    while (size > 0 && (bytes[size - 1] == '\r' || bytes[size - 1] == ' ')) {
        size--;
    }
    return (struct slice){bytes, size};
}

/* STATUS_NOT_FOUND at the end. */
static enum status next_line(struct kline_file *file, struct slice *out_line,
                             char error[KLINE_FILE_ERROR_MAX])
{
    size_t searched = 0;
    for (;;) {
        const char *start = file->buffer + file->start;
        size_t left = file->size - file->start;
        const char *end = memchr(start + searched, '\n', left - searched);
        if (end != NULL || (file->is_at_end && left > 0)) {
            size_t size = end != NULL ? (size_t)(end - start) : left;
            file->start += size + (end != NULL ? 1 : 0);
            file->line++;
            *out_line = trimmed(start, size);
            return STATUS_OK;
        }
        if (file->is_at_end) {
            return STATUS_NOT_FOUND;
        }
        searched = left;
        enum status status = read_more(file, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
}

static void set_symbol(struct kline *kline, const char *symbol)
{
    size_t size = strnlen(symbol, SYMBOL_BYTES_MAX);
    memcpy(kline->symbol, symbol, size);
    kline->symbol[size] = '\0';
    kline->symbol_size = (uint8_t)size;
}

enum status kline_file_open(const char *path, const char *symbol, struct kline_file **out_file,
                            char error[KLINE_FILE_ERROR_MAX])
{
    char why[BYTE_FILE_ERROR_MAX];
    char from_name[SYMBOL_BYTES_MAX + 1];
    struct kline_file *file = mem_new(1, sizeof(*file));

    file->path = text_copy(path);
    enum status status = byte_file_open(path, &file->bytes, why);
    if (status != STATUS_OK) {
        status = fail(file, status, why, error);
        kline_file_close(&file);
        return status;
    }
    if (symbol == NULL && kline_csv_symbol_of(path, from_name)) {
        symbol = from_name;
    }
    if (symbol != NULL) {
        set_symbol(&file->kline, symbol);
        file->has_symbol = true;
    }
    file->capacity = BUFFER_START;
    file->buffer = mem_new(file->capacity, 1);
    file->decoder = kline_decoder_create();
    *out_file = file;
    return STATUS_OK;
}

/* The first line that is not empty tells the format; a header is passed over. */
static enum status detect(struct kline_file *file, struct slice line, bool *out_is_header,
                          char error[KLINE_FILE_ERROR_MAX])
{
    const char *first = line.bytes;
    file->format = first[0] == '{' || first[0] == '[' ? FORMAT_json : FORMAT_csv;
    *out_is_header = file->format == FORMAT_csv && kline_csv_is_header(line);
    if (file->format == FORMAT_csv && !file->has_symbol) {
        return fail(file, STATUS_BAD_CONFIG,
                    "its name does not tell the symbol (as BTCUSDT-1m-2026-02.csv does); give it "
                    "with --symbol",
                    error);
    }
    return STATUS_OK;
}

static enum status take_csv(struct kline_file *file, struct slice line,
                            struct feed_record *out_record, char error[KLINE_FILE_ERROR_MAX])
{
    char why[KLINE_ERROR_MAX];
    if (kline_csv_parse(line, &file->kline, why) != STATUS_OK) {
        return fail(file, STATUS_MALFORMED, why, error);
    }
    size_t size = kline_print_json(&file->kline, file->json);
    *out_record = (struct feed_record){
        .key = {file->kline.symbol, file->kline.symbol_size},
        .value = {file->json, size},
        .event_ms = file->kline.event_ms,
    };
    return STATUS_OK;
}

/* A line that does not decode goes on as it is, under the symbol and the time before it. */
static void take_json(struct kline_file *file, struct slice line, struct feed_record *out_record)
{
    char why[KLINE_ERROR_MAX];
    struct kline kline;
    struct slice value = line;

    (void)json_frame_find(line, &value);
    if (kline_decode(file->decoder, value, &kline, why) == REASON_none) {
        file->kline = kline;
        file->event_ms = kline.event_ms;
    }
    *out_record = (struct feed_record){
        .key = {file->kline.symbol, file->kline.symbol_size},
        .value = value,
        .event_ms = file->event_ms,
    };
}

enum status kline_file_next(struct kline_file *file, struct feed_record *out_record,
                            char error[KLINE_FILE_ERROR_MAX])
{
    for (;;) {
        struct slice line;
        bool is_header = false;
        enum status status = next_line(file, &line, error);
        if (status == STATUS_OK && line.size > 0 && file->format == FORMAT_unknown) {
            status = detect(file, line, &is_header, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (line.size == 0 || is_header) {
            continue;
        }
        if (file->format == FORMAT_csv) {
            return take_csv(file, line, out_record, error);
        }
        take_json(file, line, out_record);
        return STATUS_OK;
    }
}

uint64_t kline_file_position(const struct kline_file *file)
{
    return byte_file_position(file->bytes);
}

uint64_t kline_file_size(const struct kline_file *file)
{
    return byte_file_size(file->bytes);
}

void kline_file_close(struct kline_file **file_p)
{
    struct kline_file *file = *file_p;
    *file_p = NULL;
    if (file == NULL) {
        return;
    }
    byte_file_close(&file->bytes);
    kline_decoder_destroy(&file->decoder);
    mem_free(file->path);
    mem_free(file->buffer);
    mem_free(file);
}
