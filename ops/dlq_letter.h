/* One record of the dead-letter topic, read: a letter, or the note that a letter was sent again.
 *
 * Lifetime: key and value as long as the message that it was read from. */
#ifndef CANDLED_OPS_DLQ_LETTER_H
#define CANDLED_OPS_DLQ_LETTER_H

#include "proto/kline.h"
#include "runtime/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct kafka_message;

enum {
    DLQ_ID_MAX = 400,
    DLQ_REASON_MAX = 40,
    DLQ_TOPIC_MAX = 256,
    DLQ_ERROR_TEXT_MAX = 512,
};

/* The header of a record that was sent again, and of the note about it; its value is the id. */
#define DLQ_RETRIED "retried"

enum dlq_kind { DLQ_letter, DLQ_note, DLQ_other };

/* clang-format off */
#define DLQ_VERDICT_TABLE(X)                                                                    \
    /* name        what a person is told                                                     */ \
    X(may_go,      "can be sent again")                                                         \
    X(retried,     "was sent again already; --force sends it once more")                        \
    X(truncated,   "is truncated: its bytes are not all there, so it cannot be sent again")     \
    X(rejected,    "holds a candle that a sink refused, no kline: mend the sink, then run "     \
                   "`candled verify --repair`")                                                 \
    X(placeless,   "does not say which topic it came from")
/* clang-format on */

enum dlq_verdict {
#define X(name, text) DLQ_VERDICT_##name,
    DLQ_VERDICT_TABLE(X)
#undef X
        DLQ_VERDICT_COUNT
};

struct dlq_letter {
    enum dlq_kind kind;
    char id[DLQ_ID_MAX]; /* of a note: the letter's */
    char reason[DLQ_REASON_MAX];
    char error[DLQ_ERROR_TEXT_MAX];
    char topic[DLQ_TOPIC_MAX]; /* where the record is; empty: not told */
    int64_t partition;         /* -1: not told, as is the offset and the timestamp */
    int64_t offset;
    int64_t timestamp_ms; /* the record's own */
    int64_t put_ms;       /* when it was put aside */
    bool is_truncated;
    struct slice key; /* bytes NULL: none */
    struct slice value;
    char symbol[SYMBOL_BYTES_MAX + 1]; /* of the key, else of the value where it decodes */
};

/* `decoder` looks for the symbol where there is no key. */
void dlq_letter_read(const struct kafka_message *message, struct kline_decoder *decoder,
                     struct dlq_letter *out_letter);

/* The key to send it with: its own, or the symbol where it has none and the value decodes. */
struct slice dlq_letter_key(const struct dlq_letter *letter);

enum dlq_verdict dlq_letter_judge(const struct dlq_letter *letter, bool is_retried, bool is_forced);

const char *dlq_letter_verdict_text(enum dlq_verdict verdict);

#endif
