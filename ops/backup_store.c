#include "ops/backup_store.h"

#include "ops/config.h"
#include "proto/zone.h"
#include "runtime/log.h"
#include "state/archive.h"
#include "state/folder.h"
#include "state/object_store.h"
#include "state/percent.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_NAME "backup"
#define FILE_SCHEME "file://"

static enum status refuse(char error[BACKUP_STORE_ERROR_MAX], const char *path, const char *why)
{
    (void)snprintf(error, BACKUP_STORE_ERROR_MAX, "%.300s: %.150s", path, why);
    return STATUS_BAD_CONFIG;
}

/* A folder as a url: absolute, and with what a url would take for something else encoded. */
static enum status url_of(const char *path, char *url, size_t url_size,
                          char error[BACKUP_STORE_ERROR_MAX])
{
    char absolute[PATH_MAX];
    if (folder_make(path) != STATUS_OK) {
        return refuse(error, path, "the folder cannot be made; the lines above say why");
    }
    if (realpath(path, absolute) == NULL) {
        return refuse(error, path, strerror(errno));
    }
    (void)snprintf(url, url_size, FILE_SCHEME);
    if (!percent_encode(absolute, true, url, url_size)) {
        return refuse(error, path, "the path is too long");
    }
    return STATUS_OK;
}

static enum status open_folder(const char *path, struct object_store **out_store,
                               char error[BACKUP_STORE_ERROR_MAX])
{
    char url[3 * PATH_MAX + sizeof(FILE_SCHEME)];
    enum status status = url_of(path, url, sizeof(url), error);
    return status == STATUS_OK ? object_store_open(url, out_store, error, BACKUP_STORE_ERROR_MAX)
                               : status;
}

enum status backup_store_open(const struct config *config, struct object_store **out_store,
                              char error[BACKUP_STORE_ERROR_MAX])
{
    const char *place = config->batch.backup_dir;
    char path[PATH_MAX];
    if (strstr(place, "://") != NULL) {
        return object_store_open(place, out_store, error, BACKUP_STORE_ERROR_MAX);
    }
    if (place[0] != '\0') {
        return open_folder(place, out_store, error);
    }
    if (snprintf(path, sizeof(path), "%s/" FOLDER_NAME, config->data_dir) >= (int)sizeof(path)) {
        return refuse(error, config->data_dir, "the path is too long");
    }
    return open_folder(path, out_store, error);
}

enum status backup_store_prune(struct object_store *store, const struct config *config,
                               const struct zone *zone, int64_t now_ms)
{
    char before[ZONE_DATE_TEXT_MAX];
    size_t deleted = 0;
    zone_date_print(zone_date_of(zone, now_ms - config->batch.backup_keep), before);
    enum status status =
        archive_prune(store, config->kafka.topic, zone_name(zone), before, &deleted);
    if (deleted > 0) {
        log_event(LOG_backups_pruned, log_text("store", object_store_name(store)),
                  log_text("before", before), log_int("days", (int64_t)deleted));
    }
    return status;
}
