/* The steps of opening a store, for those who look at the folder between them.
 *
 * Thread: as in store.h. What goes wrong is logged here. */
#ifndef CANDLED_STATE_STORE_OPEN_H
#define CANDLED_STATE_STORE_OPEN_H

#include "runtime/base.h"
#include "runtime/status.h"

struct store;
struct store_options;

/* Makes the partition's folder and locks it. STATUS_BUSY, STATUS_REMOTE_DISK; STATUS_NOT_FOUND: it
 * was to be read only, and is not there. */
MUST_CHECK enum status store_lock(const struct store_options *options, int *out_fd);

/* As store_open(). The lock is taken over by the store, unless this fails. */
MUST_CHECK enum status store_open_locked(const struct store_options *options, int lock_fd,
                                         struct store **out_store);

/* Ends a store that nothing was committed to, as if it had not been opened; the lock goes back to
 * the caller. */
void store_release(struct store **store_p);

/* One file, to be read only, that nobody writes to: a snapshot. There is no lock. */
MUST_CHECK enum status store_open_file(const char *path, struct store **out_store);

#endif
