#include "ops/rekey_checkpoint.h"

#include "runtime/crc32c.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 2300, FILE_BYTES_MAX = 32 << 20, FILE_MODE = 0640 };

void rekey_checkpoint_init(struct rekey_checkpoint *checkpoint, int32_t source_count,
                           int32_t target_count)
{
    *checkpoint = (struct rekey_checkpoint){
        .source_count = source_count,
        .target_count = target_count,
        .positions = mem_new((size_t)source_count, sizeof(struct rekey_position)),
        .target_ends = mem_new((size_t)target_count, sizeof(int64_t)),
    };
    for (int32_t i = 0; i < source_count; i++) {
        checkpoint->positions[i].last_offset = -1;
    }
}

void rekey_checkpoint_deinit(struct rekey_checkpoint *checkpoint)
{
    mem_free(checkpoint->positions);
    mem_free(checkpoint->target_ends);
    *checkpoint = (struct rekey_checkpoint){.source_count = 0};
}

void rekey_checkpoint_print(const struct rekey_checkpoint *checkpoint, struct text *out)
{
    text_add(out, "candled rekey 1\nsource %s\ntarget %s\ncluster %s\n", checkpoint->source,
             checkpoint->target, checkpoint->cluster);
    text_add(out, "partitions %" PRId32 " %" PRId32 "\n", checkpoint->source_count,
             checkpoint->target_count);
    for (int32_t i = 0; i < checkpoint->source_count; i++) {
        const struct rekey_position *at = &checkpoint->positions[i];
        text_add(out, "from %" PRId32 " next %" PRId64 " last %" PRId64 " crc %08" PRIx32 "\n", i,
                 at->next_offset, at->last_offset, at->last_crc);
    }
    for (int32_t i = 0; i < checkpoint->target_count; i++) {
        text_add(out, "to %" PRId32 " end %" PRId64 "\n", i, checkpoint->target_ends[i]);
    }
    text_add(out, "sum %08" PRIx32 "\n", crc32c((struct slice){out->bytes, out->size}));
}

/* The sum stands in the last line, which is of a fixed size. */
static bool has_right_sum(const char *text)
{
    enum { SUM_LINE_SIZE = sizeof("sum 01234567\n") - 1 };
    size_t size = strlen(text);
    uint32_t sum;
    if (size < SUM_LINE_SIZE || text[size - 1] != '\n' ||
        sscanf(text + size - SUM_LINE_SIZE, "sum %8" SCNx32, &sum) != 1) {
        return false;
    }
    return sum == crc32c((struct slice){text, size - SUM_LINE_SIZE});
}

/* "NAME value": the value to the end of its line. */
static bool read_name(const char **at, const char *name, char *value, size_t value_size)
{
    size_t name_size = strlen(name);
    if (strncmp(*at, name, name_size) != 0 || (*at)[name_size] != ' ') {
        return false;
    }
    const char *start = *at + name_size + 1;
    size_t size = strcspn(start, "\n");
    if (size >= value_size || start[size] == '\0') {
        return false;
    }
    memcpy(value, start, size);
    value[size] = '\0';
    *at = start + size + 1;
    return true;
}

static bool read_positions(const char **at, struct rekey_checkpoint *c)
{
    for (int32_t i = 0; i < c->source_count; i++) {
        struct rekey_position *p = &c->positions[i];
        int32_t number;
        int size = 0;
        if (sscanf(*at, "from %" SCNd32 " next %" SCNd64 " last %" SCNd64 " crc %8" SCNx32 "\n%n",
                   &number, &p->next_offset, &p->last_offset, &p->last_crc, &size) != 4 ||
            number != i || size == 0 || p->next_offset < 0 || p->last_offset < -1 ||
            p->last_offset >= p->next_offset) {
            return false;
        }
        *at += size;
    }
    for (int32_t i = 0; i < c->target_count; i++) {
        int32_t number;
        int size = 0;
        if (sscanf(*at, "to %" SCNd32 " end %" SCNd64 "\n%n", &number, &c->target_ends[i], &size) !=
                2 ||
            number != i || size == 0 || c->target_ends[i] < 0) {
            return false;
        }
        *at += size;
    }
    return strncmp(*at, "sum ", 4) == 0;
}

static bool read_head(const char **at, struct rekey_checkpoint *out)
{
    struct rekey_checkpoint names = {.source_count = 0};
    char version[8];
    char counts[32];
    int32_t source_count;
    int32_t target_count;
    if (!read_name(at, "candled rekey", version, sizeof(version)) || strcmp(version, "1") != 0 ||
        !read_name(at, "source", names.source, sizeof(names.source)) ||
        !read_name(at, "target", names.target, sizeof(names.target)) ||
        !read_name(at, "cluster", names.cluster, sizeof(names.cluster)) ||
        !read_name(at, "partitions", counts, sizeof(counts)) ||
        sscanf(counts, "%" SCNd32 " %" SCNd32, &source_count, &target_count) != 2 ||
        source_count < 1 || target_count < 1 || source_count > REKEY_PARTITIONS_MAX ||
        target_count > REKEY_PARTITIONS_MAX) {
        return false;
    }
    rekey_checkpoint_init(out, source_count, target_count);
    memcpy(out->source, names.source, sizeof(out->source));
    memcpy(out->target, names.target, sizeof(out->target));
    memcpy(out->cluster, names.cluster, sizeof(out->cluster));
    return true;
}

enum status rekey_checkpoint_parse(const char *text, struct rekey_checkpoint *out_checkpoint)
{
    struct rekey_checkpoint read;
    const char *at = text;
    if (!has_right_sum(text) || !read_head(&at, &read)) {
        return STATUS_CORRUPT;
    }
    if (!read_positions(&at, &read)) {
        rekey_checkpoint_deinit(&read);
        return STATUS_CORRUPT;
    }
    *out_checkpoint = read;
    return STATUS_OK;
}

static enum status failed(const char *call, const char *path)
{
    int code = errno;
    log_event(LOG_folder_call_failed, log_text("call", call), log_text("path", path),
              log_text("error", strerror(code)));
    return code == ENOSPC || code == EDQUOT ? STATUS_DISK_FULL : STATUS_IO;
}

static enum status read_file(int fd, const char *path, struct text *out)
{
    char buffer[1 << 14];
    ssize_t count;
    while ((count = read(fd, buffer, sizeof(buffer))) > 0) {
        if (out->size > FILE_BYTES_MAX || memchr(buffer, '\0', (size_t)count) != NULL) {
            return STATUS_CORRUPT;
        }
        text_add_bytes(out, buffer, (size_t)count);
    }
    return count == 0 ? STATUS_OK : failed("read", path);
}

enum status rekey_checkpoint_read(const char *folder, struct rekey_checkpoint *out_checkpoint)
{
    char path[PATH_BYTES_MAX];
    enum status status = folder_join(folder, "checkpoint", path, sizeof(path));
    if (status != STATUS_OK) {
        return status;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? STATUS_NOT_FOUND : failed("open", path);
    }
    struct text text = {.bytes = NULL};
    status = read_file(fd, path, &text);
    if (status == STATUS_OK) {
        status = rekey_checkpoint_parse(text_get(&text), out_checkpoint);
    }
    text_deinit(&text);
    (void)close(fd);
    return status;
}

static enum status write_file(const char *path, const struct text *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return failed("open", path);
    }
    enum status status = STATUS_OK;
    errno = ENOSPC; /* what a short write means */
    if (write(fd, text->bytes, text->size) != (ssize_t)text->size) {
        status = failed("write", path);
    } else if (fsync(fd) != 0) {
        status = failed("fsync", path);
    }
    (void)close(fd);
    return status;
}

enum status rekey_checkpoint_write(const char *folder, const struct rekey_checkpoint *checkpoint)
{
    char temporary[PATH_BYTES_MAX];
    char path[PATH_BYTES_MAX];
    struct text text = {.bytes = NULL};
    enum status status = folder_join(folder, "checkpoint.new", temporary, sizeof(temporary));
    if (status == STATUS_OK) {
        status = folder_join(folder, "checkpoint", path, sizeof(path));
    }
    if (status == STATUS_OK) {
        rekey_checkpoint_print(checkpoint, &text);
        status = write_file(temporary, &text);
    }
    if (status == STATUS_OK && rename(temporary, path) != 0) {
        status = failed("rename", path);
    }
    text_deinit(&text);
    return status == STATUS_OK ? folder_sync(folder) : status;
}
