/* candled dlq retry: letters back into the topic they came from.
 *
 * A record that is sent again has the letter's bytes and key, the time of now, and the header
 * `retried` with the letter's id. When the broker has it, a note with the same header goes into the
 * dead-letter topic. A crash between the two leaves a record without a note: sending it once more
 * is harmless, as a kline that says what is known changes nothing. */
#ifndef CANDLED_OPS_DLQ_RETRY_H
#define CANDLED_OPS_DLQ_RETRY_H

#include "ops/cli.h"

struct dlq;

/* `dlq` may be NULL: no topic, so no letter. */
enum cli_exit dlq_retry(const struct cli_context *context, struct dlq *dlq, const char *const *ids,
                        size_t id_count);

#endif
