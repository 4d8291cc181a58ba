#include "ops/shard_ask.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATH_BYTES = 2300, PIECE_BYTES = 1 << 14 };

/* -1: nobody listens. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static size_t read_all(int fd, shard_ask_part_fn *part, void *context)
{
    char piece[PIECE_BYTES];
    size_t total = 0;
    ssize_t size;
    while ((size = read(fd, piece, sizeof(piece))) > 0 || (size < 0 && errno == EINTR)) {
        if (size > 0) {
            part(context, piece, (size_t)size);
            total += (size_t)size;
        }
    }
    return total;
}

/* False: nobody listens there. */
static bool ask(const char *path, const char *line, shard_ask_part_fn *part, void *context,
                size_t *out_size)
{
    int fd = connect_to(path);
    if (fd < 0) {
        return false;
    }
    /* A shard that ends meanwhile must not end us: no SIGPIPE. */
    bool is_asked = send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line);
    *out_size = is_asked ? read_all(fd, part, context) : 0;
    (void)close(fd);
    return is_asked;
}

typedef void socket_fn(void *context, const char *path, long process);

static void each_socket(const char *data_dir, socket_fn *visit, void *context)
{
    char path[PATH_BYTES];
    struct dirent *entry;
    (void)snprintf(path, sizeof(path), "%s/run", data_dir);
    DIR *dir = opendir(path);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long process = strtol(entry->d_name, &end, 10);
        if (strcmp(end, ".sock") == 0) {
            /* Through the open folder: the path itself may be too long for a socket. */
            (void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd(dir), entry->d_name);
            visit(context, path, process);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

struct asking {
    const char *line;
    shard_ask_fn *answered;
    shard_ask_part_fn *part;
    void *context;
    size_t count;
};

static void add_part(void *context, const char *bytes, size_t size)
{
    text_add_bytes(context, bytes, size);
}

static void ask_whole(void *context, const char *path, long process)
{
    struct asking *asking = context;
    struct text answer = {.bytes = NULL};
    size_t size;
    if (ask(path, asking->line, add_part, &answer, &size)) {
        asking->count++;
        asking->answered(asking->context, process, &answer);
    }
    text_deinit(&answer);
}

size_t shard_ask(const char *data_dir, const char *line, shard_ask_fn *answered, void *context)
{
    struct asking asking = {.line = line, .answered = answered, .context = context};
    each_socket(data_dir, ask_whole, &asking);
    return asking.count;
}

static void ask_in_parts(void *context, const char *path, long process)
{
    struct asking *asking = context;
    size_t size;
    (void)process;
    if (ask(path, asking->line, asking->part, asking->context, &size)) {
        asking->count += size > 0;
    }
}

size_t shard_ask_parts(const char *data_dir, const char *line, shard_ask_part_fn *part,
                       void *context)
{
    struct asking asking = {.line = line, .part = part, .context = context};
    each_socket(data_dir, ask_in_parts, &asking);
    return asking.count;
}
