/* The days of which an object store holds backups, and how old ones are deleted. */
#include "runtime/mem.h"
#include "state/archive_internal.h"

#include <stdlib.h>
#include <string.h>

void archive_dates_deinit(struct archive_dates *dates)
{
    mem_free(dates->items);
    *dates = (struct archive_dates){NULL, 0};
}

struct inventory {
    size_t prefix_size;
    struct archive_dates dates;
};

/* object_visit_fn */
static void see(void *context, const char *key, int64_t size_bytes)
{
    struct inventory *inventory = context;
    struct archive_dates *dates = &inventory->dates;
    const char *name = key + inventory->prefix_size;
    size_t size = strcspn(name, ".");
    (void)size_bytes;
    if (!archive_is_date(name, size) || strcmp(name + size, ARCHIVE_MANIFEST_SUFFIX) != 0) {
        return;
    }
    dates->items = mem_resize(dates->items, dates->count + 1, sizeof(*dates->items));
    memcpy(dates->items[dates->count], name, size);
    dates->items[dates->count++][size] = '\0';
}

static int oldest_first(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum status archive_list(struct object_store *store, const char *topic, const char *zone,
                         struct archive_dates *out_dates)
{
    char prefix[OBJECT_KEY_MAX + 1];
    archive_key(topic, zone, "", "", prefix);
    struct inventory inventory = {.prefix_size = strlen(prefix)};
    enum status status = object_store_list(store, prefix, see, &inventory);
    if (status != STATUS_OK) {
        archive_dates_deinit(&inventory.dates);
        return status;
    }
    if (inventory.dates.count > 0) {
        qsort(inventory.dates.items, inventory.dates.count, sizeof(*inventory.dates.items),
              oldest_first);
    }
    *out_dates = inventory.dates;
    return STATUS_OK;
}

/* The manifest first: what has none is no backup. */
static enum status delete_day(struct object_store *store, const char *topic, const char *zone,
                              const char *date)
{
    char key[OBJECT_KEY_MAX + 1];
    archive_key(topic, zone, date, ARCHIVE_MANIFEST_SUFFIX, key);
    enum status status = object_store_delete(store, key);
    if (status == STATUS_OK) {
        archive_key(topic, zone, date, ARCHIVE_DATA_SUFFIX, key);
        status = object_store_delete(store, key);
    }
    return status;
}

enum status archive_prune(struct object_store *store, const char *topic, const char *zone,
                          const char *date, size_t *out_deleted)
{
    struct archive_dates dates;
    size_t deleted = 0;
    enum status status = archive_list(store, topic, zone, &dates);
    if (status != STATUS_OK) {
        return status;
    }
    while (status == STATUS_OK && deleted < dates.count && strcmp(dates.items[deleted], date) < 0) {
        status = delete_day(store, topic, zone, dates.items[deleted]);
        deleted += status == STATUS_OK ? 1 : 0;
    }
    archive_dates_deinit(&dates);
    if (out_deleted != NULL) {
        *out_deleted = deleted;
    }
    return status;
}
