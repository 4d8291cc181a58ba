#include "ops/dlq_show.h"

#include "actors/edge/kafka_message.h"
#include "ops/dlq.h"
#include "ops/dlq_ids.h"
#include "ops/dlq_text.h"
#include "ops/rfc3339.h"
#include "proto/json_reader.h"
#include "proto/utf8.h"

#include <stdio.h>
#include <string.h>

struct show {
    const struct cli_context *context;
    const char *id;
    const struct dlq_ids *retried;
    bool is_found;
};

static bool is_json(struct slice value)
{
    char error[160];
    struct value root;
    struct json_reader *reader = json_reader_create();
    enum status status = json_reader_read(reader, value, &root, error, sizeof(error));
    json_reader_destroy(&reader);
    return status == STATUS_OK;
}

static void add_value(struct text *out, struct slice value)
{
    if (value.bytes == NULL) {
        text_add(out, "value: none\n");
        return;
    }
    text_add(out, "value: %zu bytes\n", value.size);
    if (value.size > 0 && is_json(value)) {
        dlq_text_indent(out, value);
    } else {
        dlq_text_dump(out, value);
    }
}

static void add_line(struct text *out, const char *name, struct slice value)
{
    struct text plain = {.bytes = NULL};
    dlq_text_plain(&plain, slice_of_text(name));
    text_add(out, "%-10s ", text_get(&plain));
    text_deinit(&plain);
    dlq_text_plain(out, value);
    text_add(out, "\n");
}

static void print_text(const struct show *show, const struct dlq_letter *letter,
                       const struct kafka_message *message)
{
    struct text out = {.bytes = NULL};
    struct kafka_header header;
    char put[RFC3339_TEXT_MAX] = "-";
    if (letter->put_ms >= 0) {
        rfc3339_print(letter->put_ms, put);
    }
    for (size_t i = 0; kafka_message_header_at(message, i, &header); i++) {
        add_line(&out, header.name, header.value);
    }
    add_line(&out, "key", letter->key.bytes == NULL ? slice_of_text("none") : letter->key);
    add_line(&out, "put aside", slice_of_text(put));
    add_line(&out, "sent again",
             slice_of_text(dlq_ids_has(show->retried, letter->id) ? "yes" : "no"));
    add_value(&out, letter->value);
    fputs(text_get(&out), stdout);
    text_deinit(&out);
}

static void add_bytes(struct text *out, const char *name, struct slice bytes)
{
    if (bytes.bytes == NULL) {
        text_add(out, "\"%s\": null", name);
    } else if (utf8_is_valid(bytes)) {
        text_add(out, "\"%s\": ", name);
        dlq_text_json(out, bytes);
    } else {
        text_add(out, "\"%sHex\": \"", name);
        for (size_t i = 0; i < bytes.size; i++) {
            text_add(out, "%02x", ((const unsigned char *)bytes.bytes)[i]);
        }
        text_add(out, "\"");
    }
}

static void print_json(const struct show *show, const struct dlq_letter *letter,
                       const struct kafka_message *message)
{
    struct text out = {.bytes = NULL};
    struct kafka_header header;
    text_add(&out, "{\"headers\": {");
    for (size_t i = 0; kafka_message_header_at(message, i, &header); i++) {
        text_add(&out, i == 0 ? "" : ", ");
        dlq_text_json(&out, slice_of_text(header.name));
        text_add(&out, ": ");
        dlq_text_json(&out, header.value);
    }
    text_add(&out, "}, \"retried\": %s, ",
             dlq_ids_has(show->retried, letter->id) ? "true" : "false");
    add_bytes(&out, "key", letter->key);
    text_add(&out, ", ");
    add_bytes(&out, "value", letter->value);
    text_add(&out, "}\n");
    fputs(text_get(&out), stdout);
    text_deinit(&out);
}

static bool take(void *context, const struct dlq_letter *letter,
                 const struct kafka_message *message)
{
    struct show *show = context;
    if (strcmp(letter->id, show->id) != 0) {
        return true;
    }
    show->is_found = true;
    if (cli_has(show->context, "raw")) {
        if (letter->value.size > 0) {
            (void)fwrite(letter->value.bytes, 1, letter->value.size, stdout);
        }
    } else if (show->context->is_json) {
        print_json(show, letter, message);
    } else {
        print_text(show, letter, message);
    }
    return false;
}

enum cli_exit dlq_show(const struct cli_context *context, struct dlq *dlq, const char *id)
{
    struct show show = {.context = context, .id = id};
    enum status status = STATUS_OK;
    if (dlq != NULL) {
        status = dlq_retried(dlq, &show.retried);
    }
    if (dlq != NULL && status == STATUS_OK) {
        status = dlq_read(dlq, "looking for the letter", take, &show);
    }
    if (status != STATUS_OK) {
        return CLI_FAILED;
    }
    if (!show.is_found) {
        return cli_fail(context, "there is no dead letter '%.128s'; `candled dlq list` has the ids",
                        id);
    }
    return CLI_DONE;
}
