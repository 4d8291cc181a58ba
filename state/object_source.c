#include "state/object_source.h"

#include "state/direct.h"
#include "state/folder.h"
#include "state/object_store_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 16, SHA256_BYTES = 32 };

enum status object_source_open(const char *path, struct object_source *out_source)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        bool is_missing = errno == ENOENT;
        enum status status = folder_failed("open", path);
        return is_missing ? STATUS_NOT_FOUND : status;
    }
    if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        errno = S_ISDIR(stat.st_mode) ? EISDIR : errno;
        enum status status = folder_failed("fstat", path);
        (void)close(fd);
        return status;
    }
    *out_source = (struct object_source){fd, path, (int64_t)stat.st_size};
    return STATUS_OK;
}

void object_source_close(struct object_source *source)
{
    (void)close(source->fd);
    source->fd = -1;
}

enum status object_source_read(const struct object_source *source, int64_t offset, void *bytes,
                               size_t size, size_t *out_size)
{
    ssize_t count;
    do {
        count = pread(source->fd, bytes, size, (off_t)offset);
    } while (count < 0 && (errno == EINTR || (errno == EINVAL && direct_stop(source->fd))));
    if (count < 0) {
        return folder_failed("pread", source->path);
    }
    *out_size = (size_t)count;
    return STATUS_OK;
}

static void print_digits(const unsigned char *hash, char digits[OBJECT_SHA256_SIZE])
{
    static const char letters[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        digits[2 * i] = letters[hash[i] >> 4];
        digits[2 * i + 1] = letters[hash[i] & 15];
    }
    digits[2 * SHA256_BYTES] = '\0';
}

static enum status digest_all(EVP_MD_CTX *digest, const struct object_source *source,
                              const struct object_progress *progress)
{
    unsigned char chunk[CHUNK_BYTES];
    size_t size = 0;
    for (int64_t at = 0;; at += (int64_t)size) {
        enum status status = object_source_read(source, at, chunk, sizeof(chunk), &size);
        if (status != STATUS_OK || size == 0) {
            return status;
        }
        if (EVP_DigestUpdate(digest, chunk, size) != 1) {
            return STATUS_IO;
        }
        if (!object_store_tell(progress, 0, source->size_bytes)) {
            return STATUS_TIMED_OUT;
        }
    }
}

enum status object_source_sha256(const struct object_source *source,
                                 const struct object_progress *progress,
                                 char digits[OBJECT_SHA256_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    enum status status = STATUS_IO; /* of OpenSSL without memory, or without SHA-256 */

    if (digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1) {
        status = digest_all(digest, source, progress);
    }
    if (status == STATUS_OK && EVP_DigestFinal_ex(digest, hash, &size) != 1) {
        status = STATUS_IO;
    }
    EVP_MD_CTX_free(digest);
    if (status == STATUS_OK) {
        assert(size == SHA256_BYTES);
        print_digits(hash, digits);
    }
    return status;
}
