/* candled dlq list: a line a letter, and how many there are of each reason. */
#ifndef CANDLED_OPS_DLQ_LIST_H
#define CANDLED_OPS_DLQ_LIST_H

#include "ops/cli.h"
#include "ops/dlq_letter.h"

struct dlq;

struct dlq_filter {
    const char *reason; /* NULL: any, as with the symbol */
    const char *symbol;
    int64_t since_ms;
};

bool dlq_list_matches(const struct dlq_filter *filter, const struct dlq_letter *letter);

/* One line of the table, or one JSON object; with its line feed. */
void dlq_list_row(const struct dlq_letter *letter, bool is_retried, struct text *out);

void dlq_list_json(const struct dlq_letter *letter, bool is_retried, struct text *out);

enum cli_exit dlq_list(const struct cli_context *context, struct dlq *dlq);

/* --reason, --symbol and --since. */
enum cli_exit dlq_list_filter(const struct cli_context *context, struct dlq_filter *out_filter);

#endif
