#include "ops/allocator.h"

#include <stddef.h>

#ifdef CANDLED_JEMALLOC
#include <jemalloc/jemalloc.h>

/* Read by jemalloc before main(). Few arenas, and pages given back after a second: what catching up
 * took is not held at rest. */
const char *malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";

const char *allocator_version(void)
{
    const char *version = NULL;
    size_t size = sizeof(version);
    (void)mallctl("version", &version, &size, NULL, 0);
    return version;
}
#else
const char *allocator_version(void)
{
    return NULL;
}
#endif
