/* Watches stores that others have open, and tells the longest time that each went without a commit.
 *
 * usage: gaps DISK_FILE DATA_MDB...    until SIGTERM, or its parent's end; then it prints a line of
 *                                      JSON
 * It reads the number of the last transaction from LMDB's headers, a thousand times a second, and
 * asks nobody: neither the shard's loop nor its metrics can hide a pause from it. lag_max_ms is the
 * longest time between two of its own looks: what a busy machine adds to every gap. disk_max_ms is
 * the longest that writing a page to DISK_FILE and syncing it took, over and over meanwhile: what
 * the disk adds. */
#include "state/mdb_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FILES_MAX = 64, LOOK_EVERY_NS = 1000000, SYNC_EVERY_NS = 20000000, PAGE = 4096 };

struct watched {
    const char *path;
    uint64_t txn_id;
    int64_t changed_ns;
    int64_t gap_max_ns;
    uint64_t commits;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void note_gap(struct watched *w, int64_t at_ns)
{
    int64_t gap_ns = at_ns - w->changed_ns;
    w->gap_max_ns = gap_ns > w->gap_max_ns ? gap_ns : w->gap_max_ns;
}

/* The first commit seen begins the watch: how long it had been due is not known. */
static void look(struct watched *w)
{
    struct mdb_file file;
    if (mdb_file_look(w->path, &file) != STATUS_OK || file.txn_id == w->txn_id) {
        return;
    }
    int64_t at_ns = now_ns();
    if (w->commits > 0) {
        note_gap(w, at_ns);
    }
    w->commits += w->txn_id > 0;
    w->txn_id = file.txn_id;
    w->changed_ns = at_ns;
}

static int64_t sync_once(int fd)
{
    static const char page[PAGE];
    int64_t began_ns = now_ns();
    if (pwrite(fd, page, sizeof(page), 0) != PAGE || fdatasync(fd) != 0) {
        perror("gaps: the disk's file");
        exit(EXIT_FAILURE);
    }
    return now_ns() - began_ns;
}

/* Another thread's, so that the looks go on. */
struct disk {
    int fd;
    int64_t max_ns; /* read when the thread is joined */
};

static void *sync_on(void *argument)
{
    struct disk *disk = argument;
    while (is_over == 0) {
        int64_t took_ns = sync_once(disk->fd);
        disk->max_ns = took_ns > disk->max_ns ? took_ns : disk->max_ns;
        (void)nanosleep(&(struct timespec){0, SYNC_EVERY_NS}, NULL);
    }
    return NULL;
}

static void print(const struct watched *watched, int count, int64_t lag_max_ns, int64_t disk_max_ns)
{
    printf("{\"lag_max_ms\": %.2f, \"disk_max_ms\": %.2f, \"stores\": [", (double)lag_max_ns / 1e6,
           (double)disk_max_ns / 1e6);
    for (int i = 0; i < count; i++) {
        printf("%s{\"path\": \"%s\", \"commits\": %" PRIu64 ", \"gap_max_ms\": %.2f}",
               i == 0 ? "" : ", ", watched[i].path, watched[i].commits,
               (double)watched[i].gap_max_ns / 1e6);
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    static struct watched watched[FILES_MAX];
    int count = argc - 2;
    int64_t lag_max_ns = 0;
    struct disk disk = {.fd = -1};
    pthread_t thread;
    const pid_t parent = getppid();

    if (count < 1 || count > FILES_MAX) {
        fprintf(stderr, "usage: gaps DISK_FILE DATA_MDB...\n");
        return 2;
    }
    (void)signal(SIGTERM, on_signal);
    for (int i = 0; i < count; i++) {
        watched[i] = (struct watched){.path = argv[i + 2]};
    }
    disk.fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (disk.fd < 0 || pthread_create(&thread, NULL, sync_on, &disk) != 0) {
        perror("gaps: the disk's file");
        return EXIT_FAILURE;
    }
    (void)unlink(argv[1]);
    for (int64_t before_ns = now_ns(); is_over == 0 && getppid() == parent;) {
        for (int i = 0; i < count; i++) {
            look(&watched[i]);
        }
        (void)nanosleep(&(struct timespec){0, LOOK_EVERY_NS}, NULL);
        int64_t after_ns = now_ns();
        lag_max_ns = after_ns - before_ns > lag_max_ns ? after_ns - before_ns : lag_max_ns;
        before_ns = after_ns;
    }
    for (int i = 0; i < count; i++) {
        if (watched[i].commits > 0) {
            note_gap(&watched[i], now_ns()); /* one that has not ended yet */
        }
    }
    is_over = 1;
    (void)pthread_join(thread, NULL);
    print(watched, count, lag_max_ns, disk.max_ns);
    return 0;
}
