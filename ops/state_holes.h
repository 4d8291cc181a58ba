/* candled state holes: what the collector's ledger under data_dir says, as JSON lines. */
#ifndef CANDLED_OPS_STATE_HOLES_H
#define CANDLED_OPS_STATE_HOLES_H

#include "runtime/base.h"
#include "runtime/status.h"

/* A running collector is not disturbed. symbol empty: all. STATUS_NOT_FOUND: no collector has been
 * here, or none has heard of that symbol. */
MUST_CHECK enum status state_holes_print(const char *data_dir, const char *symbol);

#endif
