/* The two halves of the walk. Both say on failure what is wrong, in a text that lasts. */
#ifndef CANDLED_STATE_WALK_INTERNAL_H
#define CANDLED_STATE_WALK_INTERNAL_H

#include "runtime/base.h"
#include "runtime/status.h"

/* The pages, without LMDB: reads, and never fails by a signal. */
MUST_CHECK enum status walk_pages(const char *path, const char **out_fault);

/* The records, with LMDB. */
MUST_CHECK enum status walk_tables(const char *path, const char **out_fault);

#endif
