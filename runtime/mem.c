#include "runtime/mem.h"

#include "runtime/log.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

static void *must(void *memory, size_t count, size_t size)
{
    if (memory == NULL) {
        log_event(LOG_gave_up, log_text("error", "out of memory"), log_int("count", (int64_t)count),
                  log_int("size_bytes", (int64_t)size));
        abort();
    }
    return memory;
}

void *mem_new(size_t count, size_t size)
{
    return must(calloc(count, size), count, size);
}

void *mem_resize(void *memory, size_t count, size_t size)
{
    assert(count > 0);
    assert(size > 0);
    if (count > SIZE_MAX / size) {
        return must(NULL, count, size);
    }
    return must(realloc(memory, count * size), count, size);
}

void mem_free(void *memory)
{
    free(memory);
}
