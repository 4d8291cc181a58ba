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

static void read_all(int fd, struct text *answer)
{
    char piece[PIECE_BYTES];
    ssize_t size;
    while ((size = read(fd, piece, sizeof(piece))) > 0 || (size < 0 && errno == EINTR)) {
        if (size > 0) {
            text_add_bytes(answer, piece, (size_t)size);
        }
    }
}

static bool ask(const char *path, const char *line, struct text *answer)
{
    int fd = connect_to(path);
    if (fd < 0) {
        return false;
    }
    /* A shard that ends meanwhile must not end us: no SIGPIPE. */
    bool is_asked = send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line);
    if (is_asked) {
        read_all(fd, answer);
    }
    (void)close(fd);
    return is_asked;
}

size_t shard_ask(const char *data_dir, const char *line, shard_ask_fn *answered, void *context)
{
    char path[PATH_BYTES];
    size_t count = 0;
    struct dirent *entry;
    (void)snprintf(path, sizeof(path), "%s/run", data_dir);
    DIR *dir = opendir(path);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long process = strtol(entry->d_name, &end, 10);
        struct text answer = {.bytes = NULL};
        if (strcmp(end, ".sock") != 0) {
            continue;
        }
        /* Through the open folder: the path itself may be too long for a socket. */
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd(dir), entry->d_name);
        if (ask(path, line, &answer)) {
            count++;
            answered(context, process, &answer);
        }
        text_deinit(&answer);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}
