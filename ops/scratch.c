#include "ops/scratch.h"

#include "ops/remove_tree.h"
#include "runtime/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "candled-scratch-"

const char *scratch_parent(void)
{
    const char *folder = getenv("TMPDIR");
    return folder == NULL || *folder == '\0' ? "/tmp" : folder;
}

/* -1, with errno: EWOULDBLOCK where somebody holds it, ENOENT where it is gone. The lock goes with
 * its process, however that ends. */
static int lock_folder(const char *path)
{
    struct stat opened;
    struct stat there;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    bool is_held =
        flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 && stat(path, &there) == 0;
    if (is_held && opened.st_ino == there.st_ino && opened.st_dev == there.st_dev) {
        return fd;
    }
    int error = is_held ? ENOENT : errno; /* another one has its name: ours is gone */
    (void)close(fd);
    errno = error;
    return -1;
}

static void remove_left(const char *parent, const char *name)
{
    struct scratch left;
    int size = snprintf(left.path, sizeof(left.path), "%s/%s", parent, name);
    if (size < (int)sizeof(left.path)) {
        left.lock = lock_folder(left.path);
        if (left.lock >= 0) {
            scratch_remove(&left);
        }
    }
}

static void sweep(const char *parent)
{
    DIR *folder = opendir(parent);
    const struct dirent *entry;
    if (folder == NULL) {
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0) {
            remove_left(parent, entry->d_name);
        }
    }
    (void)closedir(folder);
}

static enum status fail(const char *call, const char *path)
{
    log_event(LOG_folder_call_failed, log_text("call", call), log_text("path", path),
              log_text("error", strerror(errno)));
    return STATUS_IO;
}

/* Another's sweep may take it before it is locked. */
static bool was_taken(void)
{
    return errno == ENOENT || errno == EWOULDBLOCK;
}

enum status scratch_make(const char *parent, struct scratch *out_scratch)
{
    struct scratch scratch = {.lock = -1};
    parent = parent == NULL ? scratch_parent() : parent;
    sweep(parent);
    while (scratch.lock < 0) {
        int size = snprintf(scratch.path, sizeof(scratch.path), "%s/" PREFIX "XXXXXX", parent);
        if (size >= (int)sizeof(scratch.path)) {
            errno = ENAMETOOLONG;
            return fail("mkdtemp", parent);
        }
        if (mkdtemp(scratch.path) == NULL) {
            return fail("mkdtemp", parent);
        }
        scratch.lock = lock_folder(scratch.path);
        if (scratch.lock < 0 && !was_taken()) {
            enum status status = fail("flock", scratch.path);
            (void)rmdir(scratch.path);
            return status;
        }
    }
    *out_scratch = scratch;
    return STATUS_OK;
}

void scratch_remove(struct scratch *scratch)
{
    if (scratch->path[0] != '\0') {
        (void)(remove_tree(scratch->path) == STATUS_OK);
        (void)close(scratch->lock);
        scratch->path[0] = '\0';
    }
}
