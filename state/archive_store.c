/* Backups in an object store: put there, looked at, and fetched. */
#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/archive_internal.h"
#include "state/folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SENDS_MAX = 3 };

void archive_key(const char *topic, const char *zone, const char *date, const char *suffix,
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
    archive_key(topic, zone, date, ".", prefix);
    archive_key(topic, zone, date, ARCHIVE_DATA_SUFFIX, data_key);
    archive_key(topic, zone, date, ARCHIVE_MANIFEST_SUFFIX, manifest_key);

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

struct fetching {
    struct object_store *store;
    const char *topic;
    const char *zone;
    const char *date;
    const char *path;
    const struct object_progress *progress;
    const char *mismatch; /* what is wrong between the two objects; NULL: nothing */
};

static enum status get_data(struct fetching *f, const struct archive_manifest *manifest)
{
    char key[OBJECT_KEY_MAX + 1];
    char sha256[ARCHIVE_SHA256_MAX] = "";
    int64_t size_bytes = 0;
    archive_key(f->topic, f->zone, f->date, ARCHIVE_DATA_SUFFIX, key);
    enum status status = object_store_get(f->store, key, f->path, f->progress);
    if (status == STATUS_NOT_FOUND) {
        f->mismatch = "it is not beside its manifest";
        return STATUS_CORRUPT;
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = archive_digest(f->path, NULL, &size_bytes, sha256);
    if (status == STATUS_OK && strcmp(sha256, manifest->sha256) != 0 &&
        strcmp(sha256, manifest->replaces) != 0) {
        f->mismatch = "its checksum is not the manifest's";
        status = STATUS_CORRUPT;
    }
    if (status != STATUS_OK) {
        (void)unlink(f->path);
    }
    return status;
}

static enum status fetch_once(struct fetching *f, struct archive_manifest *out_manifest)
{
    struct archive_manifest manifest;
    f->mismatch = NULL;
    enum status status = archive_look(f->store, f->topic, f->zone, f->date, &manifest);
    if (status != STATUS_OK) {
        return status;
    }
    status = get_data(f, &manifest);
    if (status == STATUS_OK && out_manifest != NULL) {
        *out_manifest = manifest;
    } else {
        archive_manifest_deinit(&manifest);
    }
    return status;
}

enum status archive_fetch(struct object_store *store, const char *topic, const char *zone,
                          const char *date, const char *path,
                          const struct object_progress *progress,
                          struct archive_manifest *out_manifest)
{
    struct fetching f = {store, topic, zone, date, path, progress, NULL};
    char key[OBJECT_KEY_MAX + 1];
    enum status status = fetch_once(&f, out_manifest);
    if (f.mismatch != NULL) { /* it may have been replaced between the two */
        status = fetch_once(&f, out_manifest);
    }
    if (f.mismatch != NULL) {
        archive_key(topic, zone, date, ARCHIVE_DATA_SUFFIX, key);
        status = damaged(store, key, f.mismatch);
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
    archive_key(day->topic, day->zone, day->date, ARCHIVE_MANIFEST_SUFFIX, key);
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
    archive_key(theirs->day.topic, theirs->day.zone, theirs->day.date, ARCHIVE_DATA_SUFFIX, key);
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

static enum status send_once(struct object_store *store, const char *path,
                             const struct archive_manifest *manifest,
                             const struct object_progress *progress)
{
    char key[OBJECT_KEY_MAX + 1];
    const struct archive_day *day = &manifest->day;
    archive_key(day->topic, day->zone, day->date, ARCHIVE_DATA_SUFFIX, key);
    enum status status = object_store_put(store, key, path, progress);
    return status == STATUS_OK ? put_manifest(store, path, manifest) : status;
}

/* Whether the two objects that stand there now, whoever put them, are of one backup. */
static enum status look_back(struct object_store *store, const char *path,
                             const struct archive_day *day, bool *out_is_whole)
{
    char beside[4096];
    struct fetching f = {store, day->topic, day->zone, day->date, beside, NULL, NULL};
    if (snprintf(beside, sizeof(beside), "%s.present", path) >= (int)sizeof(beside)) {
        return STATUS_IO;
    }
    enum status status = fetch_once(&f, NULL);
    (void)unlink(beside);
    *out_is_whole = status == STATUS_OK;
    return status == STATUS_CORRUPT || status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Another batch may send the same day: then one's file may come to stand beside the other's
 * manifest. Whoever puts a manifest last sees what both have left. */
static enum status send(struct object_store *store, const char *path,
                        const struct archive_manifest *manifest,
                        const struct object_progress *progress)
{
    for (int tries = 0; tries < SENDS_MAX; tries++) {
        bool is_whole = false;
        enum status status = send_once(store, path, manifest, progress);
        if (status == STATUS_OK) {
            status = look_back(store, path, &manifest->day, &is_whole);
        }
        if (status != STATUS_OK || is_whole) {
            return status;
        }
    }
    return STATUS_BUSY;
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
