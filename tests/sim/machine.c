#include "tests/sim/machine.h"

#include "runtime/mem.h"
#include "state/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, PATH_BYTES = 400 };

static void begin_boot(struct machine *m)
{
    m->boots++;
    snprintf(m->boot_id, sizeof(m->boot_id), "boot-%u", m->boots);
}

void machine_init(struct machine *m, struct rand *rand, const char *folder, size_t index)
{
    *m = (struct machine){.rand = rand};
    snprintf(m->data_dir, sizeof(m->data_dir), "%s/machine-%zu", folder, index);
    begin_boot(m);
}

void machine_deinit(struct machine *m)
{
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        mem_free(m->images[p].bytes);
    }
}

static void partition_file(const struct machine *m, size_t partition, const char *name,
                           char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/" SIM_TOPIC "/%zu/%s", m->data_dir, partition, name);
}

static struct image read_all(const char *path)
{
    struct image image = {.bytes = NULL};
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return image;
    }
    if (fstat(fd, &info) == 0) {
        image.bytes = mem_new(1, (size_t)info.st_size + 1);
        image.size = (size_t)info.st_size;
        if (pread(fd, image.bytes, image.size, 0) != (ssize_t)image.size) {
            image.size = 0;
        }
    }
    (void)close(fd);
    return image;
}

void machine_note_synced(struct machine *m, size_t partition)
{
    char path[PATH_BYTES];
    partition_file(m, partition, FOLDER_DATA_NAME, path);
    mem_free(m->images[partition].bytes);
    m->images[partition] = read_all(path);
}

/* Some pages of `from` go into `image`, which may grow. */
static void take_some_pages(struct machine *m, struct image *image, const struct image *from)
{
    image->bytes = mem_resize(image->bytes, from->size + 1, 1);
    if (from->size > image->size) {
        memset(image->bytes + image->size, 0, from->size - image->size);
    }
    image->size = from->size;
    for (size_t at = 0; at < from->size; at += PAGE_BYTES) {
        size_t size = from->size - at < PAGE_BYTES ? from->size - at : PAGE_BYTES;
        if (rand_chance(m->rand, 50)) {
            memcpy(image->bytes + at, from->bytes + at, size);
        }
    }
}

void machine_write_back(struct machine *m, size_t partition)
{
    char path[PATH_BYTES];
    partition_file(m, partition, FOLDER_DATA_NAME, path);
    struct image now = read_all(path);
    if (now.bytes != NULL && now.size >= m->images[partition].size) {
        take_some_pages(m, &m->images[partition], &now);
    }
    mem_free(now.bytes);
}

/* Only what its mark calls unsynced can be lost. */
static void tear(struct machine *m, size_t partition)
{
    char path[PATH_BYTES];
    partition_file(m, partition, "unsynced", path);
    if (access(path, F_OK) != 0) {
        return;
    }
    machine_write_back(m, partition);
    partition_file(m, partition, FOLDER_DATA_NAME, path);
    const struct image *image = &m->images[partition];
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && image->bytes != NULL) {
        (void)!pwrite(fd, image->bytes, image->size, 0);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

void machine_lose_power(struct machine *m)
{
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        tear(m, p);
    }
    begin_boot(m);
}
