#include "ops/remove_tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>

enum { DESCRIPTORS_MAX = 16 };

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

enum status remove_tree(const char *path)
{
    int code = nftw(path, remove_one, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return code == 0 || errno == ENOENT ? STATUS_OK : STATUS_IO;
}
