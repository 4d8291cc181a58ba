/* The dead-letter topic, read from its beginning to where it ended when it was opened, as often as
 * one likes: letters in the order in which they were put aside, repeats by id dropped.
 *
 * Thread: one; every call blocks. */
#ifndef CANDLED_OPS_DLQ_H
#define CANDLED_OPS_DLQ_H

#include "ops/dlq_letter.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdbool.h>
#include <stdint.h>

struct cli_context;
struct dlq;
struct dlq_ids;

/* STATUS_NOT_FOUND: there is no such topic yet. Others: dlq_error() of nothing; it has been said on
 * standard error. */
MUST_CHECK enum status dlq_open(const struct cli_context *context, struct dlq **out_dlq);

void dlq_close(struct dlq **dlq_p);

const char *dlq_topic(const struct dlq *dlq);

/* Called for each letter, once an id; false ends the reading. The letter lives as long as the call.
 */
typedef bool dlq_visit_fn(void *context, const struct dlq_letter *letter,
                          const struct kafka_message *message);

/* Whether the whole topic could be read, or as much as was wanted. What is wrong is said on
 * standard error. */
MUST_CHECK enum status dlq_read(struct dlq *dlq, const char *what, dlq_visit_fn *visit,
                                void *context);

/* The ids that notes tell of; read once, by the first call. */
MUST_CHECK enum status dlq_retried(struct dlq *dlq, const struct dlq_ids **out_ids);

/* Of the last dlq_read(): records that said an id again. */
uint64_t dlq_repeat_count(const struct dlq *dlq);

#endif
