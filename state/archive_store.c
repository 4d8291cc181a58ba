/* Backups in an object store: put there, looked at, fetched, and in the end deleted. */
#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/archive_internal.h"
#include "state/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void key_of(const char *topic, const char *zone, const char *date, const char *suffix,
                   char key[OBJECT_KEY_MAX + 1])
{
    (void)snprintf(key, OBJECT_KEY_MAX + 1, "%s/%s/%s%s", topic, zone, date, suffix);
}

static enum status damaged(struct object_store *store, const char *key, const char *reason)
{
    log_event(LOG_backup_damaged, log_text("store", object_store_name(store)), log_text("key", key),
              log_text("reason", reason));
    return STATUS_CORRUPT;
}

/* Sizes of a day's two objects; -1: not there. */
struct sizes {
    const char *data_key;
    const char *manifest_key;
    int64_t data_bytes;
    int64_t manifest_bytes;
};

/* object_visit_fn */
static void measure(void *context, const char *key, int64_t size_bytes)
{
    struct sizes *sizes = context;
    if (strcmp(key, sizes->data_key) == 0) {
        sizes->data_bytes = size_bytes;
    } else if (strcmp(key, sizes->manifest_key) == 0) {
        sizes->manifest_bytes = size_bytes;
    }
}

static bool is_of_day(const struct archive_manifest *manifest, const char *topic, const char *zone,
                      const char *date)
{
    return strcmp(manifest->day.topic, topic) == 0 && strcmp(manifest->day.zone, zone) == 0 &&
           strcmp(manifest->day.date, date) == 0;
}

static enum status read_manifest(struct object_store *store, const char *topic, const char *zone,
                                 const char *date, const struct sizes *sizes,
                                 struct archive_manifest *out_manifest)
{
    struct archive_manifest manifest;
    size_t size = 0;
    if (sizes->manifest_bytes > ARCHIVE_MANIFEST_BYTES_MAX) {
        return damaged(store, sizes->manifest_key, "the manifest is too large");
    }
    size_t room = (size_t)sizes->manifest_bytes + 1;
    char *text = mem_new(room, 1);
    enum status status = object_store_read(store, sizes->manifest_key, text, room, &size);
    if (status == STATUS_OK) {
        status = archive_manifest_parse(text, size, &manifest);
    }
    mem_free(text);
    if (status == STATUS_MALFORMED) {
        return damaged(store, sizes->manifest_key, "the manifest cannot be read");
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!is_of_day(&manifest, topic, zone, date)) {
        archive_manifest_deinit(&manifest);
        return damaged(store, sizes->manifest_key, "the manifest is another day's");
    }
    *out_manifest = manifest;
    return STATUS_OK;
}

/* The manifest, and how large the file beside it is (-1: there is none). */
static enum status look(struct object_store *store, const char *topic, const char *zone,
                        const char *date, struct archive_manifest *out_manifest,
                        int64_t *out_data_bytes)
{
    char prefix[OBJECT_KEY_MAX + 1];
    char data_key[OBJECT_KEY_MAX + 1];
    char manifest_key[OBJECT_KEY_MAX + 1];
    struct sizes sizes = {data_key, manifest_key, -1, -1};
    key_of(topic, zone, date, ".", prefix);
    key_of(topic, zone, date, ARCHIVE_DATA_SUFFIX, data_key);
    key_of(topic, zone, date, ARCHIVE_MANIFEST_SUFFIX, manifest_key);

    enum status status = object_store_list(store, prefix, measure, &sizes);
    if (status == STATUS_OK && sizes.manifest_bytes < 0) {
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        status = read_manifest(store, topic, zone, date, &sizes, out_manifest);
    }
    if (status == STATUS_OK) {
        *out_data_bytes = sizes.data_bytes;
    }
    return status;
}

enum status archive_look(struct object_store *store, const char *topic, const char *zone,
                         const char *date, struct archive_manifest *out_manifest)
{
    int64_t data_bytes;
    return look(store, topic, zone, date, out_manifest, &data_bytes);
}

enum status archive_fetch(struct object_store *store, const char *topic, const char *zone,
                          const char *date, const char *path,
                          const struct object_progress *progress,
                          struct archive_manifest *out_manifest)
{
    struct archive_manifest manifest;
    char key[OBJECT_KEY_MAX + 1];
    char sha256[ARCHIVE_SHA256_MAX] = "";
    int64_t size_bytes = 0;
    enum status status = archive_look(store, topic, zone, date, &manifest);
    if (status != STATUS_OK) {
        return status;
    }
    key_of(topic, zone, date, ARCHIVE_DATA_SUFFIX, key);
    status = object_store_get(store, key, path, progress);
    if (status == STATUS_NOT_FOUND) {
        status = damaged(store, key, "it is not beside its manifest");
    } else if (status == STATUS_OK) {
        status = archive_digest(path, NULL, &size_bytes, sha256);
        if (status == STATUS_OK && strcmp(sha256, manifest.sha256) != 0 &&
            strcmp(sha256, manifest.replaces) != 0) {
            status = damaged(store, key, "its checksum is not the manifest's");
        }
        if (status != STATUS_OK) {
            (void)unlink(path);
        }
    }
    if (status == STATUS_OK && out_manifest != NULL) {
        *out_manifest = manifest;
    } else {
        archive_manifest_deinit(&manifest);
    }
    return status;
}

/* By way of a file, as large objects go. */
static enum status put_manifest(struct object_store *store, const char *path,
                                const struct archive_manifest *manifest)
{
    char key[OBJECT_KEY_MAX + 1];
    char beside[4096];
    const struct archive_day *day = &manifest->day;
    key_of(day->topic, day->zone, day->date, ARCHIVE_MANIFEST_SUFFIX, key);
    if (snprintf(beside, sizeof(beside), "%s" ARCHIVE_MANIFEST_SUFFIX, path) >=
        (int)sizeof(beside)) {
        return STATUS_IO;
    }
    char *text = archive_manifest_print(manifest);
    FILE *file = fopen(beside, "we");
    bool is_written = file != NULL && fputs(text, file) >= 0;
    is_written = file != NULL && fclose(file) == 0 && is_written;
    enum status status =
        is_written ? object_store_put(store, key, beside, NULL) : folder_failed("fopen", beside);
    (void)unlink(beside);
    mem_free(text);
    return status;
}

/* Whether some symbol has more minutes in `theirs`. */
static bool is_fuller(const struct archive_manifest *theirs, const struct archive_manifest *ours)
{
    size_t at = 0; /* both lists are by name */
    for (size_t i = 0; i < theirs->symbol_count; i++) {
        const struct archive_symbol *symbol = &theirs->symbols[i];
        while (at < ours->symbol_count && strcmp(ours->symbols[at].symbol, symbol->symbol) < 0) {
            at++;
        }
        bool has_it =
            at < ours->symbol_count && strcmp(ours->symbols[at].symbol, symbol->symbol) == 0;
        if (symbol->minutes > (has_it ? ours->symbols[at].minutes : 0)) {
            return true;
        }
    }
    return false;
}

/* The checksum of the file that stands there now. A replacement that did not come to its end leaves
 * a manifest that speaks of two. */
static enum status find_present(struct object_store *store, const struct archive_manifest *theirs,
                                const char *path, char sha256[ARCHIVE_SHA256_MAX])
{
    char key[OBJECT_KEY_MAX + 1];
    char beside[4096];
    int64_t size_bytes;
    if (theirs->replaces[0] == '\0') {
        memcpy(sha256, theirs->sha256, ARCHIVE_SHA256_MAX);
        return STATUS_OK;
    }
    key_of(theirs->day.topic, theirs->day.zone, theirs->day.date, ARCHIVE_DATA_SUFFIX, key);
    if (snprintf(beside, sizeof(beside), "%s.present", path) >= (int)sizeof(beside)) {
        return STATUS_IO;
    }
    enum status status = object_store_get(store, key, beside, NULL);
    if (status == STATUS_OK) {
        status = archive_digest(beside, NULL, &size_bytes, sha256);
    }
    (void)unlink(beside);
    return status;
}

/* The new manifest first, with both checksums, so that either file is good beside it. */
static enum status announce(struct object_store *store, const char *path,
                            const struct archive_manifest *theirs,
                            const struct archive_manifest *ours)
{
    struct archive_manifest both = archive_manifest_copy(ours);
    enum status status = find_present(store, theirs, path, both.replaces);
    if (status == STATUS_OK) {
        status = put_manifest(store, path, &both);
    } else if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK; /* nothing to be kept readable */
    }
    archive_manifest_deinit(&both);
    return status;
}

static enum status send(struct object_store *store, const char *path,
                        const struct archive_manifest *manifest,
                        const struct object_progress *progress)
{
    char key[OBJECT_KEY_MAX + 1];
    const struct archive_day *day = &manifest->day;
    key_of(day->topic, day->zone, day->date, ARCHIVE_DATA_SUFFIX, key);
    enum status status = object_store_put(store, key, path, progress);
    return status == STATUS_OK ? put_manifest(store, path, manifest) : status;
}

enum status archive_publish(struct object_store *store, const char *path,
                            const struct archive_manifest *manifest, bool is_forced,
                            const struct object_progress *progress, bool *out_is_kept)
{
    const struct archive_day *day = &manifest->day;
    struct archive_manifest theirs;
    int64_t data_bytes = -1;
    enum status status = look(store, day->topic, day->zone, day->date, &theirs, &data_bytes);
    *out_is_kept = false;
    if (status == STATUS_NOT_FOUND || status == STATUS_CORRUPT) {
        return send(store, path, manifest, progress);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool is_whole = theirs.replaces[0] == '\0' && data_bytes == theirs.size_bytes;
    bool is_same = is_whole && theirs.content_crc32c == manifest->content_crc32c &&
                   theirs.candles == manifest->candles;
    if (!is_same && is_whole && !is_forced && is_fuller(&theirs, manifest)) {
        *out_is_kept = true;
    }
    if (!is_same && !*out_is_kept) {
        status = data_bytes >= 0 ? announce(store, path, &theirs, manifest) : STATUS_OK;
        if (status == STATUS_OK) {
            status = send(store, path, manifest, progress);
        }
    }
    archive_manifest_deinit(&theirs);
    return status;
}

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
    key_of(topic, zone, "", "", prefix);
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
    key_of(topic, zone, date, ARCHIVE_MANIFEST_SUFFIX, key);
    enum status status = object_store_delete(store, key);
    if (status == STATUS_OK) {
        key_of(topic, zone, date, ARCHIVE_DATA_SUFFIX, key);
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
