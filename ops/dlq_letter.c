#include "ops/dlq_letter.h"

#include "actors/edge/kafka_message.h"
#include "proto/reason.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool read_text(const struct kafka_message *message, const char *name, char *text,
                      size_t text_size)
{
    struct slice value;
    if (!kafka_message_header(message, name, &value)) {
        return false;
    }
    size_t size = value.size < text_size ? value.size : text_size - 1;
    if (size > 0) {
        memcpy(text, value.bytes, size);
    }
    text[size] = '\0';
    return true;
}

static int64_t read_number(const struct kafka_message *message, const char *name)
{
    int64_t number;
    return kafka_message_number(message, name, &number) ? number : -1;
}

static void find_symbol(struct kline_decoder *decoder, struct dlq_letter *letter)
{
    struct kline kline;
    char why[KLINE_ERROR_MAX];
    if (letter->key.size > 0) {
        snprintf(letter->symbol, sizeof(letter->symbol), "%.*s",
                 (int)(letter->key.size < SYMBOL_BYTES_MAX ? letter->key.size : SYMBOL_BYTES_MAX),
                 (const char *)letter->key.bytes);
    } else if (kline_decode(decoder, letter->value, &kline, why) == REASON_none) {
        memcpy(letter->symbol, kline.symbol, sizeof(letter->symbol));
    }
}

static void read_letter(const struct kafka_message *message, struct kline_decoder *decoder,
                        struct dlq_letter *letter)
{
    char truncated[8];
    letter->kind = DLQ_letter;
    (void)read_text(message, "error", letter->error, sizeof(letter->error));
    (void)read_text(message, "topic", letter->topic, sizeof(letter->topic));
    letter->partition = read_number(message, "partition");
    letter->offset = read_number(message, "offset");
    letter->timestamp_ms = read_number(message, "timestamp");
    letter->is_truncated = read_text(message, "truncated", truncated, sizeof(truncated));
    letter->key = message->key;
    letter->value = message->value;
    if (!read_text(message, "id", letter->id, sizeof(letter->id))) {
        snprintf(letter->id, sizeof(letter->id), "%s/%" PRId64 "/%" PRId64, letter->topic,
                 letter->partition, letter->offset);
    }
    find_symbol(decoder, letter);
}

void dlq_letter_read(const struct kafka_message *message, struct kline_decoder *decoder,
                     struct dlq_letter *out_letter)
{
    *out_letter = (struct dlq_letter){.kind = DLQ_other, .put_ms = message->timestamp_ms};
    if (read_text(message, "reason", out_letter->reason, sizeof(out_letter->reason))) {
        read_letter(message, decoder, out_letter);
    } else if (read_text(message, DLQ_RETRIED, out_letter->id, sizeof(out_letter->id))) {
        out_letter->kind = DLQ_note;
    }
}

struct slice dlq_letter_key(const struct dlq_letter *letter)
{
    if (letter->key.size > 0) {
        return letter->key;
    }
    return letter->symbol[0] == '\0' ? (struct slice){NULL, 0} : slice_of_text(letter->symbol);
}

enum dlq_verdict dlq_letter_judge(const struct dlq_letter *letter, bool is_retried, bool is_forced)
{
    if (strcmp(letter->reason, reason_name(REASON_rejected)) == 0) {
        return DLQ_VERDICT_rejected;
    }
    if (letter->is_truncated) {
        return DLQ_VERDICT_truncated;
    }
    if (letter->topic[0] == '\0') {
        return DLQ_VERDICT_placeless;
    }
    return is_retried && !is_forced ? DLQ_VERDICT_retried : DLQ_VERDICT_may_go;
}

const char *dlq_letter_verdict_text(enum dlq_verdict verdict)
{
    static const char *const texts[] = {
#define X(name, text) [DLQ_VERDICT_##name] = text,
        DLQ_VERDICT_TABLE(X)
#undef X
    };
    return texts[verdict];
}
