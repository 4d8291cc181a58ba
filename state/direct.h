/* Reading and writing past the page cache (O_DIRECT): for large files that nobody will look at
 * soon. Where pages have to be found first, a GB of them costs more than the disk does, and whoever
 * syncs meanwhile waits behind them.
 *
 * It is a courtesy of the filesystem: a call that fails with EINVAL is to be made again after
 * direct_stop(). Memory, offset and size are to be multiples of DIRECT_ALIGNMENT, the last read's
 * apart.
 * Thread: any. */
#ifndef CANDLED_STATE_DIRECT_H
#define CANDLED_STATE_DIRECT_H

#include <stdbool.h>

enum { DIRECT_ALIGNMENT = 4096 }; /* no block of a disk asks for more */

/* False: not on this filesystem. */
bool direct_start(int fd);

/* True: it was so, and is no longer. */
bool direct_stop(int fd);

/* The first fitting place; there are DIRECT_ALIGNMENT bytes more than will be used. */
void *direct_align(void *memory);

#endif
