/* What is said of days: a line for people, a line of JSON for programs. */
#ifndef CANDLED_OPS_BATCH_REPORT_H
#define CANDLED_OPS_BATCH_REPORT_H

#include "ops/batch.h"
#include "ops/text.h"

#include <stdbool.h>

/* {"day":"2026-02-01","timezone":...} without a line's end. `has_run`: with what a run did, not
 * only with what the ledger holds. */
void batch_report_json(const struct batch_day *day, bool has_run, struct text *out);

/* Some lines: the day, what it holds, and its holes (the first few). */
void batch_report_text(const struct batch_day *day, bool has_run, struct text *out);

#endif
