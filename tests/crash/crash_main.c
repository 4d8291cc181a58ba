/* crash [--kills N] [--sync commit|boot] [--seed S] [--folder DIR]: kill -9 inside commits.
 *
 * A child commits a made-up log; its parent kills it at a random moment, most often inside a
 * commit, and starts another, which first verifies that the store is exactly the function of its
 * next offset, and no earlier than the last commit that the child before it had reported. N counts
 * the kills that fell inside a commit; the others come on top. */
#include "runtime/base.h"
#include "runtime/log.h"
#include "tests/crash/victim.h"

#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    KILLS_OF_A_STORE = 1000, /* then the next one begins small, so that its map grows again */
    COMMITS_BEFORE_KILL_MAX = 3,
    JITTER_NS_MAX = 20 * 1000 * 1000,
    OPENING_NS_MAX = 3 * 1000 * 1000,
    PERCENT_FIRST = 125, /* of the time that a commit takes */
    PERCENT_MAX = 5000,
    PERCENT_STEP = 10,
    SPIN_NS_MAX = 100 * 1000, /* a sleep is not that exact */
};

struct shared {
    volatile uint64_t phase;
    volatile uint64_t commit_ns;
    volatile uint64_t may_go;
};

struct crash {
    struct victim_options options;
    struct prefix verified;
    struct rand rand;
    struct shared *shared;
    uint64_t wanted;
    uint64_t percent; /* of a commit's time, within which the kill comes */
    uint64_t kills[VICTIM_PHASE_COUNT];
    int64_t records;
};

static const char *const phase_names[] = {
#define X(name) #name,
    VICTIM_PHASES(X)
#undef X
};

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void pause_ns(uint64_t duration_ns)
{
    if (duration_ns > SPIN_NS_MAX) {
        struct timespec pause = {.tv_nsec = (long)duration_ns};
        (void)nanosleep(&pause, NULL);
        return;
    }
    int64_t until_ns = now_ns() + (int64_t)duration_ns;
    while (now_ns() < until_ns) {
    }
}

/* False: the child has gone. */
static bool hear(struct crash *c, int fd)
{
    int64_t next;
    if (read(fd, &next, sizeof(next)) != (ssize_t)sizeof(next)) {
        return false;
    }
    c->options.acknowledged = next;
    return true;
}

/* Lets the child go to the moment of its death. */
static void wait_for_moment(struct crash *c, int fd)
{
    if (rand_chance(&c->rand, 5)) {
        pause_ns(rand_below(&c->rand, OPENING_NS_MAX));
        return;
    }
    if (!hear(c, fd)) {
        return; /* reap() says why */
    }
    while (c->verified.next < c->options.acknowledged) {
        prefix_advance(&c->verified, NULL);
    }
    for (uint64_t i = c->options.held_commit; i > 0; i--) {
        if (!hear(c, fd)) {
            return;
        }
    }
    uint64_t jitter_ns = c->shared->commit_ns * c->percent / 100 + 1;
    c->shared->may_go = 1;
    pause_ns(rand_below(&c->rand, jitter_ns < JITTER_NS_MAX ? jitter_ns : JITTER_NS_MAX));
}

static void reap(struct crash *c, pid_t child, int fd)
{
    int how = 0;
    if (kill(child, SIGKILL) != 0 || waitpid(child, &how, 0) != child) {
        fail("kill");
    }
    while (hear(c, fd)) {
    }
    (void)close(fd);
    if (!WIFSIGNALED(how) || WTERMSIG(how) != SIGKILL) {
        (void)fprintf(stderr, "it ended by itself, with %d; its store is in %s\n", how,
                      c->options.store.data_dir);
        exit(EXIT_FAILURE);
    }
}

/* A kill takes time to arrive, and so does a busy machine's turn to commit. */
static void aim(struct crash *c)
{
    if (c->shared->phase == VICTIM_preparing && c->percent < PERCENT_MAX) {
        c->percent += PERCENT_STEP;
    } else if (c->shared->phase == VICTIM_committed && c->percent > PERCENT_STEP) {
        c->percent -= PERCENT_STEP;
    }
}

static void kill_one(struct crash *c)
{
    int fds[2];
    if (pipe(fds) != 0) {
        fail("pipe");
    }
    c->options.seed = rand_next(&c->rand);
    c->options.pipe_fd = fds[1];
    c->options.held_commit = rand_below(&c->rand, COMMITS_BEFORE_KILL_MAX + 1);
    c->shared->phase = VICTIM_opening;
    c->shared->may_go = 0;
    pid_t child = fork();
    if (child < 0) {
        fail("fork");
    }
    if (child == 0) {
        (void)close(fds[0]);
        victim_run(&c->options);
    }
    (void)close(fds[1]);
    wait_for_moment(c, fds[0]);
    reap(c, child, fds[0]);
    c->kills[c->shared->phase]++;
    aim(c);
}

/* After the last kill: in a process of its own, so that its end is its answer. */
static void verify_last(struct crash *c)
{
    int how = 0;
    pid_t child = fork();
    if (child < 0) {
        fail("fork");
    }
    if (child == 0) {
        c->options.only_verifies = true;
        c->options.pipe_fd = -1;
        victim_run(&c->options);
        exit(EXIT_SUCCESS);
    }
    if (waitpid(child, &how, 0) != child || how != 0) {
        (void)fprintf(stderr, "the last store is wrong: %s\n", c->options.store.data_dir);
        exit(EXIT_FAILURE);
    }
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void run_store(struct crash *c, const char *parent)
{
    char folder[4096];
    uint64_t from = c->kills[VICTIM_committing];
    (void)snprintf(folder, sizeof(folder), "%s/crash-XXXXXX", parent);
    if (mkdtemp(folder) == NULL) {
        fail(parent);
    }
    c->options.store.data_dir = folder;
    c->options.acknowledged = -1;
    c->options.only_verifies = false;
    prefix_init(&c->verified);
    while (c->kills[VICTIM_committing] < c->wanted &&
           c->kills[VICTIM_committing] - from < KILLS_OF_A_STORE) {
        kill_one(c);
    }
    verify_last(c);
    c->records += c->options.acknowledged;
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void report(const struct crash *c, const char *sync, int64_t began_ns)
{
    uint64_t all = 0;
    for (size_t i = 0; i < VICTIM_PHASE_COUNT; i++) {
        all += c->kills[i];
    }
    (void)printf("%s: %" PRIu64 " kills in %.0f s:", sync, all,
                 (double)(now_ns() - began_ns) / 1e9);
    for (size_t i = 0; i < VICTIM_PHASE_COUNT; i++) {
        (void)printf(" %" PRIu64 " %s", c->kills[i], phase_names[i]);
    }
    (void)printf("; %" PRId64 " records committed\n", c->records);
}

int main(int argc, char **argv)
{
    static struct crash c;
    const char *sync = "commit";
    const char *folder = ".";
    uint64_t seed = (uint64_t)time(NULL);
    c.wanted = 200;
    c.percent = PERCENT_FIRST;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kills") == 0) {
            c.wanted = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--sync") == 0) {
            sync = argv[i + 1];
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--folder") == 0) {
            folder = argv[i + 1];
        }
    }
    c.rand.state = seed;
    c.shared =
        mmap(NULL, sizeof(*c.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c.shared == MAP_FAILED) {
        fail("mmap");
    }
    c.options = (struct victim_options){
        .store = {.topic = "t",
                  .sync = strcmp(sync, "boot") == 0 ? STORE_SYNC_boot : STORE_SYNC_commit,
                  .boot_id = "boot",
                  .map_bytes = 64 << 10},
        .verified = &c.verified,
        .phase = &c.shared->phase,
        .commit_ns = &c.shared->commit_ns,
        .may_go = &c.shared->may_go,
    };
    log_configure(LOG_LEVEL_warning, false);
    (void)printf("seed %" PRIu64 "\n", seed);
    (void)fflush(stdout);
    int64_t began_ns = now_ns();
    while (c.kills[VICTIM_committing] < c.wanted) {
        run_store(&c, folder);
    }
    report(&c, sync, began_ns);
    return EXIT_SUCCESS;
}
