/* Which partition each symbol of this process comes from: the same symbol on two of them means that
 * somebody produces by another partitioner, and that its candles are torn. Told once a symbol.
 *
 * Thread: the loop's. */
#ifndef CANDLED_OPS_SYMBOL_REGISTRY_H
#define CANDLED_OPS_SYMBOL_REGISTRY_H

#include <stdint.h>

struct symbol_registry;

struct symbol_registry *symbol_registry_create(void);

void symbol_registry_destroy(struct symbol_registry **registry_p);

/* Logs when another partition has it, too. */
void symbol_registry_note(struct symbol_registry *registry, const char *topic, int32_t partition,
                          const char *symbol);

/* The partition was given back. */
void symbol_registry_forget(struct symbol_registry *registry, int32_t partition);

#endif
