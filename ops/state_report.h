/* What a partition's state holds, as JSON lines for people and programs.
 *
 * Thread: whoever may read the store. Everything is read from the last commit. */
#ifndef CANDLED_OPS_STATE_REPORT_H
#define CANDLED_OPS_STATE_REPORT_H

#include "ops/text.h"
#include "runtime/base.h"
#include "runtime/status.h"
#include "state/schema.h"

#include <stdbool.h>

struct store;

/* One line: where it stands in the log, what each sink has, how large it is. */
MUST_CHECK enum status state_report_list(struct store *store, struct text *out);

/* One line for the actor of the symbol and one for each of its candles that is kept, newest windows
 * last. STATUS_NOT_FOUND: this partition does not know the symbol. */
MUST_CHECK enum status state_report_show(struct store *store, const char *symbol, struct text *out);

/* Where an export stands between two pieces of it. Zeroed: at the start. */
struct state_export {
    enum store_table table;
    unsigned char key[512]; /* of the last record written */
    size_t key_size;
    bool is_done;
};

/* Adds records, a line each, until `out` holds about bytes_max. */
MUST_CHECK enum status state_report_export(struct store *store, struct state_export *at,
                                           size_t bytes_max, struct text *out);

#endif
