/* Files of state that nobody is to take any more: renamed, so that somebody can look at them; the
 * newest stay. */
#include "runtime/log.h"
#include "state/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 + 128, SET_ASIDE_MAX = 1000 };

/* Data and manifests are counted apart: those of one snapshot come together, and go together. */
static bool is_manifest(const char *name)
{
    static const char mark[] = ".json" FOLDER_ASIDE;
    return strstr(name, mark) != NULL;
}

/* By time; of one second, the snapshot that is further is the newer one. */
static bool is_older(const char *a, const char *b)
{
    int order = strverscmp(strstr(a, FOLDER_ASIDE), strstr(b, FOLDER_ASIDE));
    return order != 0 ? order < 0 : strverscmp(a, b) < 0;
}

/* The oldest of newest_name's kind, but never that one; returns how many there are beside it. */
static size_t find_oldest(DIR *stream, const char *newest_name, char oldest[FOLDER_NAME_MAX])
{
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        const char *name = entry->d_name;
        if (strstr(name, FOLDER_ASIDE) == NULL || is_manifest(name) != is_manifest(newest_name) ||
            strcmp(name, newest_name) == 0) {
            continue;
        }
        if (count++ == 0 || is_older(name, oldest)) {
            (void)snprintf(oldest, FOLDER_NAME_MAX, "%s", name);
        }
    }
    return count;
}

/* True: there may be another one. */
static bool remove_oldest(const char *folder, const char *newest_name)
{
    char oldest[FOLDER_NAME_MAX] = "";
    DIR *stream = opendir(folder);
    if (stream == NULL) {
        return false;
    }
    size_t count = find_oldest(stream, newest_name, oldest);
    (void)closedir(stream);
    if (count < FOLDER_ASIDE_KEPT || folder_remove_file(folder, oldest) != STATUS_OK) {
        return false;
    }
    log_event(LOG_aside_removed, log_text("folder", folder), log_text("name", oldest),
              log_int("kept", FOLDER_ASIDE_KEPT));
    return true;
}

/* A name that is not taken: two in one second must not overwrite each other. */
static enum status choose_name(const char *folder, const char *name, char *path, size_t path_size)
{
    char aside[FOLDER_NAME_MAX];
    char stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    (void)gmtime_r(&now, &utc);
    (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);

    (void)snprintf(aside, sizeof(aside), "%s" FOLDER_ASIDE "%s", name, stamp);
    enum status status = folder_join(folder, aside, path, path_size);
    for (int i = 2; status == STATUS_OK && i < SET_ASIDE_MAX && access(path, F_OK) == 0; i++) {
        (void)snprintf(aside, sizeof(aside), "%s" FOLDER_ASIDE "%s-%d", name, stamp, i);
        status = folder_join(folder, aside, path, path_size);
    }
    return status;
}

enum status folder_rename_aside(const char *folder, const char *name, const char *reason)
{
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    enum status status = folder_join(folder, name, from, sizeof(from));
    if (status == STATUS_OK) {
        status = choose_name(folder, name, to, sizeof(to));
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (rename(from, to) != 0) {
        return errno == ENOENT ? STATUS_OK : folder_failed("rename", from);
    }
    log_event(LOG_store_set_aside, log_text("path", to), log_text("reason", reason));
    while (remove_oldest(folder, to + strlen(folder) + 1)) {
    }
    return STATUS_OK;
}

enum status folder_set_aside(const char *folder, const char *reason)
{
    enum status status = folder_rename_aside(folder, FOLDER_DATA_NAME, reason);
    if (status == STATUS_OK) {
        /* A reader may still have it: the new environment must not share its table of readers. */
        status = folder_remove_file(folder, FOLDER_DATA_NAME "-lock");
    }
    if (status == STATUS_OK) {
        status = folder_unmark_open(folder);
    }
    if (status == STATUS_OK) {
        status = folder_sync(folder);
    }
    return status == STATUS_OK ? folder_remove_unsynced(folder) : status;
}
