#include "tests/sim/damage.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 700, FILES_MAX = 32 };

struct choice {
    char names[FILES_MAX][256];
    size_t count;
};

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name);
    size_t ending_size = strlen(ending);
    return size >= ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* In order of their names: a folder's own order is another one each time. */
static void find_files(const char *folder, const char *ending, struct choice *choice)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    choice->count = 0;
    while (dir != NULL && choice->count < FILES_MAX && (entry = readdir(dir)) != NULL) {
        if (ends_with(entry->d_name, ending)) {
            snprintf(choice->names[choice->count++], sizeof(choice->names[0]), "%s", entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    qsort(choice->names, choice->count, sizeof(choice->names[0]), by_name);
}

static int open_some(struct rand *rand, const char *folder, const char *ending, off_t *out_size)
{
    struct choice choice;
    char path[PATH_BYTES];
    struct stat info;
    find_files(folder, ending, &choice);
    if (choice.count == 0) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/%s", folder, choice.names[rand_below(rand, choice.count)]);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    *out_size = fd >= 0 && fstat(fd, &info) == 0 ? info.st_size : 0;
    return fd;
}

bool damage_flip(struct rand *rand, const char *folder, const char *ending)
{
    off_t size;
    unsigned char byte = 0;
    int fd = open_some(rand, folder, ending, &size);
    if (fd < 0) {
        return false;
    }
    off_t at = size > 0 ? (off_t)rand_below(rand, (uint64_t)size) : 0;
    if (pread(fd, &byte, 1, at) == 1) {
        byte ^= (unsigned char)(1u << rand_below(rand, 8));
        (void)!pwrite(fd, &byte, 1, at);
    }
    (void)close(fd);
    return true;
}

bool damage_truncate(struct rand *rand, const char *folder, const char *ending)
{
    off_t size;
    int fd = open_some(rand, folder, ending, &size);
    if (fd < 0) {
        return false;
    }
    (void)!ftruncate(fd, size > 0 ? (off_t)rand_below(rand, (uint64_t)size) : 0);
    (void)close(fd);
    return true;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    return at->level == 0 ? 0 : remove(path);
}

bool damage_lose(const char *folder)
{
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}
