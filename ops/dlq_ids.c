#include "ops/dlq_ids.h"

#include "runtime/mem.h"

enum { CAPACITY_MIN = 1024 };

/* FNV-1a, and a mixer, as it leaves the upper bits of short texts alike. Never 0. */
static uint64_t hash_of(const char *id)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *c = id; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    }
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
    hash ^= hash >> 33;
    return hash == 0 ? 1 : hash;
}

static uint64_t *slot_of(const struct dlq_ids *ids, uint64_t hash)
{
    size_t at = (size_t)hash & (ids->capacity - 1);
    while (ids->slots[at] != 0 && ids->slots[at] != hash) {
        at = (at + 1) & (ids->capacity - 1);
    }
    return &ids->slots[at];
}

static void grow(struct dlq_ids *ids)
{
    struct dlq_ids larger = {
        .capacity = ids->capacity == 0 ? CAPACITY_MIN : ids->capacity * 2,
        .count = ids->count,
    };
    larger.slots = mem_new(larger.capacity, sizeof(*larger.slots));
    for (size_t i = 0; i < ids->capacity; i++) {
        if (ids->slots[i] != 0) {
            *slot_of(&larger, ids->slots[i]) = ids->slots[i];
        }
    }
    mem_free(ids->slots);
    *ids = larger;
}

bool dlq_ids_add(struct dlq_ids *ids, const char *id)
{
    uint64_t hash = hash_of(id);
    if (ids->count >= ids->capacity / 2) {
        grow(ids);
    }
    uint64_t *slot = slot_of(ids, hash);
    bool is_new = *slot == 0;
    *slot = hash;
    ids->count += is_new;
    return is_new;
}

bool dlq_ids_has(const struct dlq_ids *ids, const char *id)
{
    return ids->count > 0 && *slot_of(ids, hash_of(id)) != 0;
}

void dlq_ids_deinit(struct dlq_ids *ids)
{
    mem_free(ids->slots);
    *ids = (struct dlq_ids){.count = 0};
}
