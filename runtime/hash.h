/* uthash, as the house uses it: without memory it ends the process as mem_new() does, with a word.
 */
#ifndef CANDLED_RUNTIME_HASH_H
#define CANDLED_RUNTIME_HASH_H

#include "runtime/mem.h"

#define uthash_malloc(size) mem_new(1, (size))
#define uthash_free(pointer, size) mem_free(pointer)

#include <uthash.h>

#endif
