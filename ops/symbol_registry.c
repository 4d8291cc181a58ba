#include "ops/symbol_registry.h"

#include "proto/kline.h"
#include "runtime/hash.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <stdbool.h>
#include <string.h>

struct home {
    int32_t partition;
    bool is_told;
    UT_hash_handle hh;
    char symbol[SYMBOL_BYTES_MAX + 1];
};

struct symbol_registry {
    struct home *homes;
};

struct symbol_registry *symbol_registry_create(void)
{
    return mem_new(1, sizeof(struct symbol_registry));
}

static void remove_home(struct symbol_registry *registry, struct home *home)
{
    HASH_DEL(registry->homes, home);
    mem_free(home);
}

void symbol_registry_destroy(struct symbol_registry **registry_p)
{
    struct symbol_registry *registry = *registry_p;
    struct home *home;
    struct home *next;
    *registry_p = NULL;
    if (registry == NULL) {
        return;
    }
    HASH_ITER(hh, registry->homes, home, next)
    {
        remove_home(registry, home);
    }
    mem_free(registry);
}

static void add_home(struct symbol_registry *registry, int32_t partition, const char *symbol)
{
    struct home *home = mem_new(1, sizeof(*home));
    home->partition = partition;
    memcpy(home->symbol, symbol, strlen(symbol) + 1);
    HASH_ADD_STR(registry->homes, symbol, home);
}

void symbol_registry_note(struct symbol_registry *registry, const char *topic, int32_t partition,
                          const char *symbol)
{
    struct home *home;
    HASH_FIND_STR(registry->homes, symbol, home);
    if (home == NULL) {
        add_home(registry, partition, symbol);
    } else if (home->partition != partition && !home->is_told) {
        log_event(LOG_symbol_scattered, log_text("topic", topic), log_text("symbol", symbol),
                  log_int("partition", home->partition), log_int("other_partition", partition));
        home->is_told = true;
    }
}

void symbol_registry_forget(struct symbol_registry *registry, int32_t partition)
{
    struct home *home;
    struct home *next;
    HASH_ITER(hh, registry->homes, home, next)
    {
        if (home->partition == partition) {
            remove_home(registry, home);
        }
    }
}
