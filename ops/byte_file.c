#include "ops/byte_file.h"

#include "runtime/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT_MAX = 65536, GZIP_WINDOW_BITS = 15 + 16 };

enum packing { PACKING_none, PACKING_gzip, PACKING_zstd };

struct byte_file {
    FILE *stream;
    enum packing packing;
    uint64_t position;
    uint64_t size;
    unsigned char input[INPUT_MAX];
    size_t input_size;
    size_t input_used;
    bool is_inside; /* a frame or member has begun and not ended */
    bool has_read_all;
    z_stream gzip;
    ZSTD_DCtx *zstd;
};

static enum status fill_input(struct byte_file *file, char error[BYTE_FILE_ERROR_MAX])
{
    if (file->input_used < file->input_size || file->has_read_all) {
        return STATUS_OK;
    }
    file->input_size = fread(file->input, 1, sizeof(file->input), file->stream);
    file->input_used = 0;
    file->position += file->input_size;
    if (file->input_size == 0) {
        if (ferror(file->stream) != 0) {
            snprintf(error, BYTE_FILE_ERROR_MAX, "cannot be read: %s", strerror(errno));
            return STATUS_IO;
        }
        file->has_read_all = true;
    }
    return STATUS_OK;
}

static enum status start_unpacking(struct byte_file *file, char error[BYTE_FILE_ERROR_MAX])
{
    static const unsigned char gzip_magic[] = {0x1f, 0x8b};
    static const unsigned char zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};

    if (file->input_size >= sizeof(zstd_magic) &&
        memcmp(file->input, zstd_magic, sizeof(zstd_magic)) == 0) {
        file->packing = PACKING_zstd;
        file->zstd = ZSTD_createDCtx();
        if (file->zstd == NULL) {
            snprintf(error, BYTE_FILE_ERROR_MAX, "zstd has no memory");
            return STATUS_IO;
        }
    } else if (file->input_size >= sizeof(gzip_magic) &&
               memcmp(file->input, gzip_magic, sizeof(gzip_magic)) == 0) {
        if (inflateInit2(&file->gzip, GZIP_WINDOW_BITS) != Z_OK) {
            snprintf(error, BYTE_FILE_ERROR_MAX, "zlib has no memory");
            return STATUS_IO;
        }
        file->packing = PACKING_gzip;
    }
    return STATUS_OK;
}

enum status byte_file_open(const char *path, struct byte_file **out_file,
                           char error[BYTE_FILE_ERROR_MAX])
{
    struct byte_file *file = mem_new(1, sizeof(*file));
    struct stat info;

    file->stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (file->stream == NULL) {
        snprintf(error, BYTE_FILE_ERROR_MAX, "cannot be opened: %s", strerror(errno));
        mem_free(file);
        return STATUS_IO;
    }
    if (fstat(fileno(file->stream), &info) == 0 && S_ISREG(info.st_mode)) {
        file->size = (uint64_t)info.st_size;
    }
    enum status status = fill_input(file, error);
    if (status == STATUS_OK) {
        status = start_unpacking(file, error);
    }
    if (status != STATUS_OK) {
        byte_file_close(&file);
        return status;
    }
    *out_file = file;
    return STATUS_OK;
}

static size_t copy_plain(struct byte_file *file, void *bytes, size_t size)
{
    size_t left = file->input_size - file->input_used;
    size_t count = left < size ? left : size;
    memcpy(bytes, file->input + file->input_used, count);
    file->input_used += count;
    return count;
}

static enum status unpack_zstd(struct byte_file *file, void *bytes, size_t size, size_t *count,
                               char error[BYTE_FILE_ERROR_MAX])
{
    ZSTD_inBuffer in = {file->input, file->input_size, file->input_used};
    ZSTD_outBuffer out = {bytes, size, 0};
    size_t code = ZSTD_decompressStream(file->zstd, &out, &in);
    if (ZSTD_isError(code)) {
        snprintf(error, BYTE_FILE_ERROR_MAX, "does not unpack: %s", ZSTD_getErrorName(code));
        return STATUS_MALFORMED;
    }
    file->is_inside = code != 0;
    file->input_used = in.pos;
    *count = out.pos;
    return STATUS_OK;
}

static enum status unpack_gzip(struct byte_file *file, void *bytes, size_t size, size_t *count,
                               char error[BYTE_FILE_ERROR_MAX])
{
    size_t left = file->input_size - file->input_used;
    file->gzip.next_in = file->input + file->input_used;
    file->gzip.avail_in = (uInt)left;
    file->gzip.next_out = bytes;
    file->gzip.avail_out = (uInt)(size < INPUT_MAX ? size : INPUT_MAX);
    uInt room = file->gzip.avail_out;
    int code = inflate(&file->gzip, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        snprintf(error, BYTE_FILE_ERROR_MAX, "does not unpack: %s",
                 file->gzip.msg == NULL ? "damaged" : file->gzip.msg);
        return STATUS_MALFORMED;
    }
    file->input_used = file->input_size - file->gzip.avail_in;
    file->is_inside = code != Z_STREAM_END;
    *count = room - file->gzip.avail_out;
    if (code == Z_STREAM_END) {
        (void)inflateReset(&file->gzip); /* files of several members are common */
    }
    return STATUS_OK;
}

enum status byte_file_read(struct byte_file *file, void *bytes, size_t size, size_t *out_count,
                           char error[BYTE_FILE_ERROR_MAX])
{
    size_t count = 0;
    while (count == 0) {
        enum status status = fill_input(file, error);
        bool is_at_end = file->has_read_all && file->input_used == file->input_size;
        if (status == STATUS_OK && file->packing == PACKING_zstd &&
            (!is_at_end || file->is_inside)) {
            status = unpack_zstd(file, bytes, size, &count, error);
        } else if (status == STATUS_OK && file->packing == PACKING_gzip &&
                   (!is_at_end || file->is_inside)) {
            status = unpack_gzip(file, bytes, size, &count, error);
        } else if (status == STATUS_OK) {
            count = copy_plain(file, bytes, size);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (count == 0 && is_at_end) {
            if (file->is_inside) {
                snprintf(error, BYTE_FILE_ERROR_MAX, "ends in the middle: the file was cut");
                return STATUS_MALFORMED;
            }
            break;
        }
    }
    *out_count = count;
    return STATUS_OK;
}

uint64_t byte_file_position(const struct byte_file *file)
{
    return file->position;
}

uint64_t byte_file_size(const struct byte_file *file)
{
    return file->size;
}

void byte_file_close(struct byte_file **file_p)
{
    struct byte_file *file = *file_p;
    *file_p = NULL;
    if (file == NULL) {
        return;
    }
    if (file->packing == PACKING_gzip) {
        (void)inflateEnd(&file->gzip);
    }
    (void)ZSTD_freeDCtx(file->zstd);
    if (file->stream != stdin) {
        (void)fclose(file->stream);
    }
    mem_free(file);
}
