/* The allocator of the process: jemalloc, which takes the place of the C library's at link time.
 *
 * librdkafka's threads allocate for each record and the loop frees it. The C library gives such
 * memory back to the other thread's arena, under its lock; jemalloc hands it back in batches (ADR
 * 16). Builds with sanitizers have an allocator of their own. */
#ifndef CANDLED_OPS_ALLOCATOR_H
#define CANDLED_OPS_ALLOCATOR_H

/* Of jemalloc; NULL in a build without it. Static memory. */
const char *allocator_version(void);

#endif
