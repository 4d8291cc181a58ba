#include "proto/exchange_frame.h"

#include "proto/json_reader.h"
#include "proto/json_text.h"
#include "runtime/mem.h"

#include <stdio.h>
#include <string.h>

struct exchange_frame_decoder {
    struct json_reader *reader;
    struct kline_decoder *klines;
};

/* clang-format off */
#define MEMBER_TABLE(X)                                    \
    /* name    what                                     */ \
    X(result,  "of a granted request: null, or a list")    \
    X(error,   "the observed form: an object")             \
    X(code,    "the documented form, beside msg")          \
    X(msg,     "its words")                                \
    X(id,      "of the request")                           \
    X(e,       "the type of an event")                     \
    X(k,       "the kline inside an event")                \
    X(data,    "the event inside a combined stream")       \
    X(stream,  "its name")
/* clang-format on */

/* The members that tell what a frame is. */
struct members {
#define X(name, what) struct value name;
    MEMBER_TABLE(X)
#undef X
};

struct exchange_frame_decoder *exchange_frame_decoder_create(void)
{
    struct exchange_frame_decoder *decoder = mem_new(1, sizeof(*decoder));
    decoder->reader = json_reader_create();
    decoder->klines = kline_decoder_create();
    return decoder;
}

void exchange_frame_decoder_destroy(struct exchange_frame_decoder **decoder_p)
{
    struct exchange_frame_decoder *decoder = *decoder_p;
    *decoder_p = NULL;
    if (decoder != NULL) {
        json_reader_destroy(&decoder->reader);
        kline_decoder_destroy(&decoder->klines);
        mem_free(decoder);
    }
}

static void read_members(const struct value *object, struct members *members)
{
    struct json_walk walk = json_reader_walk(object);
    struct slice key;
    struct value value;

    *members = (struct members){.id = {.kind = VALUE_absent}};
    while (json_reader_next_member(&walk, &key, &value)) {
#define X(name, what)                                                                              \
    if (slice_equals(key, (struct slice){#name, sizeof(#name) - 1})) {                             \
        members->name = value;                                                                     \
        continue;                                                                                  \
    }
        MEMBER_TABLE(X)
#undef X
    }
}

static void set_text(struct exchange_frame *frame, const struct value *text)
{
    if (text->kind == VALUE_string) {
        (void)snprintf(frame->text, sizeof(frame->text), "%.*s", (int)text->string.size,
                       (const char *)text->string.bytes);
    }
}

static void read_id(struct exchange_frame *frame, const struct value *id)
{
    frame->has_id = id->kind == VALUE_integer;
    frame->id = frame->has_id ? id->integer : 0;
}

static void read_error(struct exchange_frame *frame, const struct members *error)
{
    frame->kind = EXCHANGE_FRAME_error;
    frame->code = error->code.kind == VALUE_integer ? error->code.integer : 0;
    set_text(frame, &error->msg);
}

static bool is_shutdown(const struct members *root)
{
    struct members inner;
    if (value_is_text(&root->e, "serverShutdown") ||
        value_is_text(&root->stream, "!serverShutdown")) {
        return true;
    }
    if (root->data.kind != VALUE_object) {
        return false;
    }
    read_members(&root->data, &inner);
    return value_is_text(&inner.e, "serverShutdown");
}

static bool is_kline(const struct members *root)
{
    struct members inner;
    if (root->data.kind != VALUE_object) {
        return root->k.kind != VALUE_absent || value_is_text(&root->e, "kline");
    }
    read_members(&root->data, &inner);
    return inner.k.kind != VALUE_absent || value_is_text(&inner.e, "kline");
}

static void read_control(const struct members *root, struct exchange_frame *frame)
{
    struct members error;

    read_id(frame, &root->id);
    if (root->error.kind == VALUE_object) {
        read_members(&root->error, &error);
        read_error(frame, &error);
    } else if (root->code.kind == VALUE_integer && root->msg.kind != VALUE_absent) {
        read_error(frame, root);
    } else if (root->result.kind != VALUE_absent) {
        frame->kind = EXCHANGE_FRAME_result;
    } else {
        frame->kind = is_shutdown(root) ? EXCHANGE_FRAME_shutdown : EXCHANGE_FRAME_other;
    }
}

static void read_kline(struct exchange_frame_decoder *decoder, struct slice bytes,
                       struct exchange_frame *frame)
{
    char error[KLINE_ERROR_MAX];
    enum reason reason = kline_decode(decoder->klines, bytes, &frame->kline, error);

    frame->kind = reason == REASON_none ? EXCHANGE_FRAME_kline : EXCHANGE_FRAME_bad;
    if (reason != REASON_none) {
        (void)snprintf(frame->text, sizeof(frame->text), "%s", error);
    }
}

void exchange_frame_decode(struct exchange_frame_decoder *decoder, struct slice bytes,
                           struct exchange_frame *out_frame)
{
    struct value root;
    struct members members;

    *out_frame = (struct exchange_frame){.kind = EXCHANGE_FRAME_bad};
    if (json_reader_read(decoder->reader, bytes, &root, out_frame->text, sizeof(out_frame->text)) !=
        STATUS_OK) {
        return;
    }
    if (root.kind != VALUE_object) {
        out_frame->kind = EXCHANGE_FRAME_other;
        return;
    }
    read_members(&root, &members);
    if (is_kline(&members)) {
        read_kline(decoder, bytes, out_frame);
    } else {
        read_control(&members, out_frame);
    }
}

/* Stream names are in lower case; what is not ASCII stays. */
static void put_stream(struct json_text *text, const char *symbol)
{
    char name[SYMBOL_BYTES_MAX + 16];
    int size = snprintf(name, sizeof(name), "%.*s@kline_1m", (int)SYMBOL_BYTES_MAX, symbol);

    for (char *at = name; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            *at = (char)(*at - 'A' + 'a');
        }
    }
    json_text_put_string(text, (struct slice){name, (size_t)size});
}

size_t exchange_frame_print_request(const char *method, const char *const *symbols, size_t count,
                                    int64_t id, char *text)
{
    struct json_text json;

    json_text_init(&json, text, EXCHANGE_FRAME_REQUEST_MAX(count));
    json_text_put(&json, "{\"method\":\"");
    json_text_put(&json, method);
    json_text_put(&json, "\",\"params\":[");
    for (size_t i = 0; i < count; i++) {
        json_text_put(&json, i == 0 ? "" : ",");
        put_stream(&json, symbols[i]);
    }
    json_text_put(&json, "],\"id\":");
    json_text_put_integer(&json, id);
    json_text_put(&json, "}");
    return json_text_finish(&json);
}
