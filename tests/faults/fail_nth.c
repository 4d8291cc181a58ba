/* Each call under both of its names: the headers must not make one of the other. */
#undef _FILE_OFFSET_BITS

#include "tests/faults/fail_nth.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HOW_SHORT = -1, STACK_MAX = 32, STANDARD_FDS = 3 };

static struct {
    bool is_counting;
    bool is_healed;
    bool has_struck;
    bool is_printing;
    bool goes_on;
    bool prints_stack;
    enum fail_nth_kind kind;
    uint64_t n; /* 0: none fails */
    int how;
    uint64_t counts[FAIL_NTH_KIND_COUNT];
} fail;

static int parse_how(const char *text)
{
    static const struct {
        const char *name;
        int how;
    } hows[] = {{"ENOMEM", ENOMEM}, {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}};
    for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
        if (strcmp(text, hows[i].name) == 0) {
            return hows[i].how;
        }
    }
    return HOW_SHORT;
}

__attribute__((constructor)) static void read_environment(void)
{
    char kind[16];
    char mode[16];
    char how[16];
    unsigned long n;
    const char *text = getenv("FAIL_NTH");
    if (text != NULL && sscanf(text, "%15[^:]:%lu:%15[^:]:%15s", kind, &n, mode, how) == 4) {
        fail.kind = strcmp(kind, "io") == 0 ? FAIL_NTH_io : FAIL_NTH_memory;
        fail.n = n;
        fail.goes_on = strcmp(mode, "on") == 0;
        fail.how = parse_how(how);
    }
    fail.prints_stack = getenv("FAIL_NTH_STACK") != NULL;
    if (fail.prints_stack) {
        void *frames[2];
        (void)backtrace(frames, 2); /* the first call allocates */
    }
}

void fail_nth_begin(void)
{
    fail.is_counting = true;
}

void fail_nth_heal(void)
{
    fail.is_healed = true;
}

uint64_t fail_nth_count(enum fail_nth_kind kind)
{
    return fail.counts[kind];
}

bool fail_nth_has_struck(void)
{
    return fail.has_struck;
}

static void print_stack(const char *call)
{
    void *frames[STACK_MAX];
    fail.is_printing = true;
    (void)dprintf(STDERR_FILENO, "%s fails:\n", call);
    backtrace_symbols_fd(frames, backtrace(frames, STACK_MAX), STDERR_FILENO);
    fail.is_printing = false;
}

/* Counts the call; true: it is to fail. */
static bool strikes(enum fail_nth_kind kind, const char *call)
{
    if (!fail.is_counting || fail.is_printing) {
        return false;
    }
    uint64_t count = __atomic_add_fetch(&fail.counts[kind], 1, __ATOMIC_RELAXED);
    bool is_due = fail.goes_on ? count >= fail.n : count == fail.n;
    if (fail.n == 0 || kind != fail.kind || fail.is_healed || !is_due) {
        return false;
    }
    if (fail.prints_stack && !fail.has_struck) {
        print_stack(call);
    }
    fail.has_struck = true;
    return true;
}

static bool io_strikes(int fd, const char *call)
{
    return fd < 0 || fd >= STANDARD_FDS ? strikes(FAIL_NTH_io, call) : false;
}

/* --- memory --- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return strikes(FAIL_NTH_memory, "malloc") ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return strikes(FAIL_NTH_memory, "calloc") ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return strikes(FAIL_NTH_memory, "realloc") ? no_memory() : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    return strikes(FAIL_NTH_memory, "memalign") ? no_memory() : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out_memory, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL) {
        return ENOMEM;
    }
    *out_memory = memory;
    return 0;
}

/* --- files --- */

/* The error, unless half of the bytes are to go through. */
static bool fails_whole(void)
{
    if (fail.how == HOW_SHORT) {
        return false;
    }
    errno = fail.how;
    return true;
}

static size_t half(size_t size)
{
    return size > 1 ? size / 2 : size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (io_strikes(fd, "write")) {
        if (fails_whole()) {
            return -1;
        }
        size = half(size);
    }
    return syscall(SYS_write, fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (io_strikes(fd, "pwrite")) {
        if (fails_whole()) {
            return -1;
        }
        size = half(size);
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

/* A short one writes the first half of the vectors, or half of a single one. */
static ssize_t writes_vector(long number, int fd, const struct iovec *vectors, int count,
                             off_t offset, const char *call)
{
    struct iovec one = vectors[0];
    if (io_strikes(fd, call)) {
        if (fails_whole()) {
            return -1;
        }
        one.iov_len = half(one.iov_len);
        vectors = count > 1 ? vectors : &one;
        count = count > 1 ? count / 2 : count;
    }
    return syscall(number, fd, vectors, count, offset, 0);
}

ssize_t writev(int fd, const struct iovec *vectors, int count)
{
    return writes_vector(SYS_writev, fd, vectors, count, 0, "writev");
}

ssize_t pwritev(int fd, const struct iovec *vectors, int count, off_t offset)
{
    return writes_vector(SYS_pwritev, fd, vectors, count, offset, "pwritev");
}

ssize_t pwritev64(int fd, const struct iovec *vectors, int count, off64_t offset)
{
    return pwritev(fd, vectors, count, offset);
}

int fsync(int fd)
{
    return io_strikes(fd, "fsync") && fails_whole() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return io_strikes(fd, "fdatasync") && fails_whole() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
    return io_strikes(fd, "ftruncate") && fails_whole() ? -1
                                                        : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int rename(const char *from, const char *to)
{
    bool is_failing = io_strikes(-1, "rename") && fails_whole();
    return is_failing ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    bool is_failing = io_strikes(-1, "unlink") && fails_whole();
    return is_failing ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    bool is_failing = io_strikes(-1, "mkdir") && fails_whole();
    return is_failing ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

static int opens(int folder, const char *path, int flags, mode_t mode)
{
    bool is_failing = io_strikes(-1, "open") && fails_whole();
    return is_failing ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode, when the flags say that there is one. */
#define MODE_OF(flags, mode)                                                                       \
    do {                                                                                           \
        if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                              \
            va_list arguments;                                                                     \
            va_start(arguments, flags);                                                            \
            mode = va_arg(arguments, mode_t);                                                      \
            va_end(arguments);                                                                     \
        }                                                                                          \
    } while (false)

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return opens(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return opens(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return opens(folder, path, flags, mode);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (io_strikes(-1, "mmap") && fails_whole()) {
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return mmap(address, size, protection, flags, fd, offset);
}
