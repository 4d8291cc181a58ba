#include "proto/exchange_rest.h"

#include "proto/json_reader.h"
#include "proto/json_text.h"
#include "runtime/mem.h"

#include <stdbool.h>
#include <stdio.h>

struct exchange_rest_reader {
    struct json_reader *json;
    struct kline_decoder *klines;
};

/* clang-format off */
#define COLUMN_TABLE(X)                                                    \
    /* column  kind                                                     */ \
    X(t,       integer)                                                    \
    X(o,       string)                                                     \
    X(h,       string)                                                     \
    X(l,       string)                                                     \
    X(c,       string)                                                     \
    X(v,       string)                                                     \
    X(T,       integer)                                                    \
    X(q,       string)                                                     \
    X(n,       integer)                                                    \
    X(V,       string)                                                     \
    X(Q,       string)
/* clang-format on */

enum column {
#define X(name, kind) COLUMN_##name,
    COLUMN_TABLE(X)
#undef X
        COLUMN_COUNT
};

static const struct {
    const char *name;
    enum value_kind kind;
} columns[] = {
#define X(name, kind) {#name, VALUE_##kind},
    COLUMN_TABLE(X)
#undef X
};

enum { NUMBER_BYTES_MAX = 64, ROW_TEXT_MAX = COLUMN_COUNT * (6 * NUMBER_BYTES_MAX + 16) + 2048 };

struct exchange_rest_reader *exchange_rest_reader_create(void)
{
    struct exchange_rest_reader *reader = mem_new(1, sizeof(*reader));
    reader->json = json_reader_create();
    reader->klines = kline_decoder_create();
    return reader;
}

void exchange_rest_reader_destroy(struct exchange_rest_reader **reader_p)
{
    struct exchange_rest_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader != NULL) {
        json_reader_destroy(&reader->json);
        kline_decoder_destroy(&reader->klines);
        mem_free(reader);
    }
}

static enum status refuse(char error[EXCHANGE_REST_ERROR_MAX], const char *why)
{
    (void)snprintf(error, EXCHANGE_REST_ERROR_MAX, "%s", why);
    return STATUS_MALFORMED;
}

static enum status read_columns(const struct value *row, struct value values[COLUMN_COUNT],
                                char *error)
{
    struct value element;
    size_t count = 0;

    if (row->kind != VALUE_array) {
        return refuse(error, "a row is not an array");
    }
    struct json_walk walk = json_reader_walk(row);
    while (count < COLUMN_COUNT && json_reader_next_element(&walk, &element)) {
        bool is_long = element.kind == VALUE_string && element.string.size > NUMBER_BYTES_MAX;
        if (element.kind != columns[count].kind || is_long) {
            return refuse(error, "a row holds a value of another type");
        }
        values[count++] = element;
    }
    return count == COLUMN_COUNT ? STATUS_OK : refuse(error, "a row is too short");
}

static void put_value(struct json_text *json, const char *name, const struct value *value)
{
    json_text_put(json, ",\"");
    json_text_put(json, name);
    json_text_put(json, "\":");
    if (value->kind == VALUE_integer) {
        json_text_put_integer(json, value->integer);
    } else {
        json_text_put_string(json, value->string);
    }
}

/* The row as the exchange would have sent it over the stream, as far as it is known. Its names are
 * in the stream's order. */
static size_t print_row(const struct value values[COLUMN_COUNT], const char *symbol, char *text)
{
    static const enum column order[] = {COLUMN_o, COLUMN_c, COLUMN_h, COLUMN_l, COLUMN_v, COLUMN_n};
    static const enum column rest[] = {COLUMN_q, COLUMN_V, COLUMN_Q};
    struct json_text json;

    json_text_init(&json, text, ROW_TEXT_MAX);
    json_text_put(&json, "{\"e\":\"kline\",\"E\":");
    json_text_put_integer(&json, values[COLUMN_T].integer);
    json_text_put(&json, ",\"s\":");
    json_text_put_string(&json, slice_of_text(symbol));
    json_text_put(&json, ",\"k\":{\"t\":");
    json_text_put_integer(&json, values[COLUMN_t].integer);
    put_value(&json, "T", &values[COLUMN_T]);
    json_text_put(&json, ",\"s\":");
    json_text_put_string(&json, slice_of_text(symbol));
    json_text_put(&json, ",\"i\":\"1m\"");
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        put_value(&json, columns[order[i]].name, &values[order[i]]);
    }
    json_text_put(&json, ",\"x\":true");
    for (size_t i = 0; i < ARRAY_COUNT(rest); i++) {
        put_value(&json, columns[rest[i]].name, &values[rest[i]]);
    }
    json_text_put(&json, "}}");
    return json_text_finish(&json);
}

static enum status read_row(struct exchange_rest_reader *reader, const struct value *row,
                            const char *symbol, exchange_rest_kline_fn *tell, void *context,
                            size_t *bad_count, char *error)
{
    struct value values[COLUMN_COUNT];
    struct kline kline;
    char text[ROW_TEXT_MAX];
    char why[KLINE_ERROR_MAX];

    enum status status = read_columns(row, values, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct slice printed = {text, print_row(values, symbol, text)};
    if (kline_decode(reader->klines, printed, &kline, why) != REASON_none) {
        (void)refuse(error, why);
        (*bad_count)++;
        return STATUS_OK;
    }
    tell(context, &kline, printed);
    return STATUS_OK;
}

enum status exchange_rest_read_klines(struct exchange_rest_reader *reader, struct slice body,
                                      const char *symbol, exchange_rest_kline_fn *tell,
                                      void *context, size_t *out_bad_count,
                                      char error[EXCHANGE_REST_ERROR_MAX])
{
    struct value root;
    struct value row;
    size_t bad_count = 0;

    enum status status =
        json_reader_read(reader->json, body, &root, error, EXCHANGE_REST_ERROR_MAX);
    if (status != STATUS_OK) {
        return status;
    }
    if (root.kind != VALUE_array) {
        return refuse(error, "the answer is not an array");
    }
    struct json_walk walk = json_reader_walk(&root);
    while (status == STATUS_OK && json_reader_next_element(&walk, &row)) {
        status = read_row(reader, &row, symbol, tell, context, &bad_count, error);
    }
    if (status == STATUS_OK) {
        *out_bad_count = bad_count;
    }
    return status;
}

static struct value member(const struct value *object, const char *name)
{
    struct json_walk walk = json_reader_walk(object);
    struct slice key;
    struct value value;
    while (json_reader_next_member(&walk, &key, &value)) {
        if (slice_equals(key, slice_of_text(name))) {
            return value;
        }
    }
    return (struct value){.kind = VALUE_absent};
}

static bool copy_text(const struct value *value, char *text, size_t size)
{
    if (value->kind != VALUE_string || value->string.size == 0 || value->string.size >= size) {
        return false;
    }
    (void)snprintf(text, size, "%.*s", (int)value->string.size, (const char *)value->string.bytes);
    return true;
}

static void read_symbol(const struct value *object, exchange_rest_symbol_fn *tell, void *context)
{
    char symbol[SYMBOL_BYTES_MAX + 1];
    char status[EXCHANGE_REST_STATUS_MAX];
    if (object->kind != VALUE_object) {
        return;
    }
    struct value name = member(object, "symbol");
    struct value word = member(object, "status");
    if (copy_text(&name, symbol, sizeof(symbol)) && copy_text(&word, status, sizeof(status))) {
        tell(context, symbol, status);
    }
}

enum status exchange_rest_read_info(struct exchange_rest_reader *reader, struct slice body,
                                    exchange_rest_symbol_fn *tell, void *context,
                                    int64_t *out_server_ms, char error[EXCHANGE_REST_ERROR_MAX])
{
    struct value root;
    struct value element;

    enum status status =
        json_reader_read(reader->json, body, &root, error, EXCHANGE_REST_ERROR_MAX);
    if (status != STATUS_OK) {
        return status;
    }
    struct value symbols = {.kind = VALUE_absent};
    if (root.kind == VALUE_object) {
        symbols = member(&root, "symbols");
    }
    if (symbols.kind != VALUE_array) {
        return refuse(error, "the answer has no list of symbols");
    }
    struct value server = member(&root, "serverTime");
    *out_server_ms = server.kind == VALUE_integer ? server.integer : INT64_MIN;
    struct json_walk walk = json_reader_walk(&symbols);
    while (json_reader_next_element(&walk, &element)) {
        read_symbol(&element, tell, context);
    }
    return STATUS_OK;
}

void exchange_rest_read_error(struct exchange_rest_reader *reader, struct slice body,
                              int64_t *out_code, char text[EXCHANGE_REST_ERROR_MAX])
{
    struct value root;
    char error[EXCHANGE_REST_ERROR_MAX];

    *out_code = 0;
    text[0] = '\0';
    if (json_reader_read(reader->json, body, &root, error, sizeof(error)) != STATUS_OK ||
        root.kind != VALUE_object) {
        return;
    }
    struct value code = member(&root, "code");
    struct value words = member(&root, "msg");
    if (code.kind == VALUE_integer) {
        *out_code = code.integer;
    }
    if (words.kind == VALUE_string) {
        (void)snprintf(text, EXCHANGE_REST_ERROR_MAX, "%.*s", (int)words.string.size,
                       (const char *)words.string.bytes);
    }
}
