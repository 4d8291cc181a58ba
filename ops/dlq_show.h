/* candled dlq show: one letter with all its headers, and its value. */
#ifndef CANDLED_OPS_DLQ_SHOW_H
#define CANDLED_OPS_DLQ_SHOW_H

#include "ops/cli.h"

struct dlq;

/* `dlq` may be NULL: no topic, so no letter. */
enum cli_exit dlq_show(const struct cli_context *context, struct dlq *dlq, const char *id);

#endif
