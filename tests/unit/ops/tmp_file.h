/* A file with a given content in a folder of its own, for the length of a test. */
#ifndef CANDLED_TESTS_UNIT_OPS_TMP_FILE_H
#define CANDLED_TESTS_UNIT_OPS_TMP_FILE_H

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tmp_file {
    char folder[64];
    char path[192];
};

static inline struct tmp_file tmp_file_create(const char *name, const void *bytes, size_t size)
{
    struct tmp_file file;
    snprintf(file.folder, sizeof(file.folder), "/tmp/candled-ops-XXXXXX");
    char *folder = mkdtemp(file.folder);
    assert(folder != NULL);
    (void)folder;
    snprintf(file.path, sizeof(file.path), "%s/%s", file.folder, name);
    FILE *stream = fopen(file.path, "we");
    assert(stream != NULL);
    size_t count = fwrite(bytes, 1, size, stream);
    assert(count == size);
    (void)count;
    fclose(stream);
    return file;
}

static inline struct tmp_file tmp_file_of_text(const char *name, const char *text)
{
    return tmp_file_create(name, text, strlen(text));
}

static inline void tmp_file_remove(const struct tmp_file *file)
{
    (void)unlink(file->path);
    (void)rmdir(file->folder);
}

#endif
