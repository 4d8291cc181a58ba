/* All snapshots of a partition in an object store: which there are, and which may go. */
#include "runtime/mem.h"
#include "state/snapshot_remote_internal.h"

#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 100000 };

/* What stands under one name. */
struct item {
    char name[SNAPSHOT_NAME_MAX];
    bool has_manifest;
    int64_t data_bytes; /* -1: there is no data */
};

struct inventory {
    size_t prefix_size;
    struct item *items; /* the furthest first, once it is taken */
    size_t count;
};

/* ERA-OFFSET, as names have it. */
static bool is_name(const char *name, size_t size)
{
    size_t era = strspn(name, "0123456789");
    size_t offset = era < size && name[era] == '-' ? strspn(name + era + 1, "0123456789") : 0;
    return size < SNAPSHOT_NAME_MAX && era > 0 && offset > 0 && era + 1 + offset == size;
}

static struct item *item_of(struct inventory *inventory, const char *name, size_t size)
{
    for (size_t i = 0; i < inventory->count; i++) {
        struct item *item = &inventory->items[i];
        if (strncmp(item->name, name, size) == 0 && item->name[size] == '\0') {
            return item;
        }
    }
    inventory->items =
        mem_resize(inventory->items, inventory->count + 1, sizeof(*inventory->items));
    struct item *item = &inventory->items[inventory->count++];
    *item = (struct item){.data_bytes = -1};
    memcpy(item->name, name, size);
    return item;
}

/* object_visit_fn */
static void see(void *context, const char *key, int64_t size_bytes)
{
    struct inventory *inventory = context;
    const char *name = key + inventory->prefix_size;
    size_t size = strcspn(name, ".");
    bool is_data = strcmp(name + size, SNAPSHOT_DATA_SUFFIX) == 0;
    bool is_manifest = strcmp(name + size, SNAPSHOT_MANIFEST_SUFFIX) == 0;

    if ((!is_data && !is_manifest) || !is_name(name, size) || inventory->count == LISTED_MAX) {
        return;
    }
    struct item *item = item_of(inventory, name, size);
    if (is_data) {
        item->data_bytes = size_bytes;
    } else {
        item->has_manifest = true;
    }
}

static int furthest_first(const void *a, const void *b)
{
    return strcmp(((const struct item *)b)->name, ((const struct item *)a)->name);
}

/* The caller frees its items. Of those whose names begin like `name` only. */
static enum status take_inventory(struct object_store *remote, const char *topic, int32_t partition,
                                  const char *name, struct inventory *out_inventory)
{
    char prefix[OBJECT_KEY_MAX + 1];
    snapshot_remote_key(topic, partition, "", "", prefix);
    struct inventory inventory = {.prefix_size = strlen(prefix)};
    snapshot_remote_key(topic, partition, name, "", prefix);

    enum status status = object_store_list(remote, prefix, see, &inventory);
    if (status != STATUS_OK) {
        mem_free(inventory.items);
        return status;
    }
    if (inventory.count > 0) {
        qsort(inventory.items, inventory.count, sizeof(*inventory.items), furthest_first);
    }
    *out_inventory = inventory;
    return STATUS_OK;
}

enum status snapshot_remote_data_bytes(struct object_store *remote, const struct snapshot *snapshot,
                                       int64_t *out_bytes)
{
    struct inventory inventory;
    enum status status =
        take_inventory(remote, snapshot->topic, snapshot->partition, snapshot->name, &inventory);
    if (status != STATUS_OK) {
        return status;
    }
    *out_bytes = inventory.count == 1 ? inventory.items[0].data_bytes : -1;
    mem_free(inventory.items);
    return STATUS_OK;
}

/* What is not whole is told and passed by; what went meanwhile is passed by. */
static enum status add(struct object_store *remote, const char *topic, int32_t partition,
                       const struct item *item, struct snapshots *snapshots)
{
    char text[SNAPSHOT_MANIFEST_MAX];
    size_t size;
    struct snapshot snapshot;
    enum status status =
        snapshot_remote_manifest(remote, topic, partition, item->name, text, &size, &snapshot);
    if (status == STATUS_MALFORMED) {
        (void)snapshot_remote_damaged(remote, topic, partition, item->name,
                                      "its manifest cannot be read");
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (snapshot.size_bytes != item->data_bytes) {
        (void)snapshot_remote_damaged(remote, topic, partition, item->name,
                                      "its size is not the manifest's");
        return STATUS_OK;
    }
    snapshots->items =
        mem_resize(snapshots->items, snapshots->count + 1, sizeof(*snapshots->items));
    snapshots->items[snapshots->count++] = snapshot;
    return STATUS_OK;
}

static enum status read_all(struct object_store *remote, const char *topic, int32_t partition,
                            const struct inventory *inventory, struct snapshots *out_snapshots)
{
    struct snapshots snapshots = {.count = 0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < inventory->count && status == STATUS_OK; i++) {
        const struct item *item = &inventory->items[i];
        if (item->has_manifest && item->data_bytes >= 0) {
            status = add(remote, topic, partition, item, &snapshots);
        }
    }
    if (status != STATUS_OK) {
        snapshot_destroy_list(&snapshots);
        return status;
    }
    *out_snapshots = snapshots;
    return STATUS_OK;
}

enum status snapshot_list_remote(struct object_store *remote, const char *topic, int32_t partition,
                                 struct snapshots *out_snapshots)
{
    struct inventory inventory;
    enum status status = take_inventory(remote, topic, partition, "", &inventory);
    if (status == STATUS_OK) {
        status = read_all(remote, topic, partition, &inventory, out_snapshots);
        mem_free(inventory.items);
    }
    return status;
}

/* Half of a snapshot may be on its way only if it is further than all that are whole. */
static enum status prune(struct object_store *remote, const char *topic, int32_t partition,
                         const struct inventory *inventory, const struct snapshots *whole,
                         size_t keep, size_t *out_deleted)
{
    enum status status = STATUS_OK;
    size_t kept = 0;
    size_t deleted = 0;
    size_t last = keep < whole->count ? keep : whole->count;

    for (size_t i = 0; i < inventory->count && status == STATUS_OK; i++) {
        const char *name = inventory->items[i].name;
        bool is_kept = kept < last && strcmp(whole->items[kept].name, name) == 0;
        bool is_furthest = whole->count == 0 || strcmp(name, whole->items[0].name) > 0;
        kept += is_kept;
        if (!is_kept && !is_furthest) {
            status = snapshot_remote_remove(remote, topic, partition, name);
            deleted += status == STATUS_OK && inventory->items[i].has_manifest;
        }
    }
    *out_deleted = deleted;
    return status;
}

enum status snapshot_prune_remote(struct object_store *remote, const char *topic, int32_t partition,
                                  size_t keep, size_t *out_deleted)
{
    struct inventory inventory;
    struct snapshots whole;
    size_t deleted = 0;
    enum status status = take_inventory(remote, topic, partition, "", &inventory);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_all(remote, topic, partition, &inventory, &whole);
    if (status == STATUS_OK) {
        status = prune(remote, topic, partition, &inventory, &whole, keep, &deleted);
        snapshot_destroy_list(&whole);
    }
    mem_free(inventory.items);
    if (status == STATUS_OK) {
        *out_deleted = deleted;
    }
    return status;
}
