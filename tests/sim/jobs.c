#include "tests/sim/jobs.h"

#include "tests/sim/damage.h"
#include "tests/sim/scenario.h"
#include "tests/sim/world.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 64, SEEDS_MAX = 10000, FOLDER_MAX = 64 };

/* What the processes tell the first one; each writes to its own. */
struct job {
    uint64_t seed; /* in work */
    uint64_t next; /* index of the next seed to take */
    uint64_t done;
    uint64_t failures;
    struct fault_counts faults;
};

/* In memory that the processes share: the first one has been told to end. */
static volatile sig_atomic_t *is_told;

struct run {
    const struct jobs_options *options;
    uint64_t old_seeds[SEEDS_MAX];
    uint64_t old_count;
    size_t job_count;
    struct job *jobs; /* shared memory */
    pid_t pids[JOBS_MAX];
    char folders[JOBS_MAX][FOLDER_MAX];
};

static void make_folder(char folder[FOLDER_MAX])
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, FOLDER_MAX, "%s/candled-sim-XXXXXX", base);
    if (mkdtemp(folder) == NULL) {
        perror("mkdtemp");
        exit(EXIT_FAILURE);
    }
}

static bool is_lived_again(const struct world_options *options, const struct world_result *first)
{
    (void)damage_lose(options->folder);
    struct world_result second = world_live(options);
    if (first->is_right && first->hash != second.hash) {
        printf("two runs of the seed differ\n");
    }
    return second.is_right && first->hash == second.hash;
}

static bool run_in(const char *folder, uint64_t seed, bool is_named, uint64_t twice_every,
                   struct fault_counts *out_faults)
{
    struct scenario scenario;
    scenario_init(&scenario, seed);
    struct world_options options = {.scenario = &scenario, .is_traced = is_named, .folder = folder};
    (void)damage_lose(folder);
    struct world_result first = world_live(&options);
    options.is_traced = false;
    bool is_right = first.is_right;
    if (is_right && seed % twice_every == 0) {
        is_right = is_lived_again(&options, &first);
    }
    scenario_deinit(&scenario);
    *out_faults = first.faults;
    return is_right;
}

bool jobs_run_seed(uint64_t seed, struct fault_counts *out_faults)
{
    char folder[FOLDER_MAX];
    make_folder(folder);
    bool is_right = run_in(folder, seed, true, 1, out_faults);
    (void)damage_lose(folder);
    (void)rmdir(folder);
    return is_right;
}

static void read_old_seeds(struct run *run, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[256];
    while (file != NULL && run->old_count < SEEDS_MAX && fgets(line, sizeof(line), file) != NULL) {
        if (line[0] >= '0' && line[0] <= '9') {
            run->old_seeds[run->old_count++] = strtoull(line, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static uint64_t seed_at(const struct run *run, uint64_t index)
{
    return index < run->old_count ? run->old_seeds[index]
                                  : run->options->first + index - run->old_count;
}

static void tell_failure(struct job *job)
{
    job->failures++;
    printf("not ok: sim --seed %" PRIu64 "\n", job->seed);
    (void)fflush(stdout);
}

static bool is_enough(const struct run *run)
{
    uint64_t failures = 0;
    for (size_t i = 0; i < run->job_count; i++) {
        failures += run->jobs[i].failures;
    }
    return failures >= run->options->failures_max;
}

static void work(struct run *run, size_t index)
{
    struct job *job = &run->jobs[index];
    uint64_t end = run->old_count + run->options->count;
    if (freopen("/dev/null", "we", stderr) == NULL) { /* damage is logged by the thousand */
        _exit(EXIT_FAILURE);
    }
    while (job->next < end && !is_enough(run) && !*is_told) {
        struct fault_counts faults;
        job->seed = seed_at(run, job->next);
        job->next += run->job_count;
        if (!run_in(run->folders[index], job->seed, false, run->options->twice_every, &faults)) {
            tell_failure(job);
        }
        for (int i = 0; i < FAULT_COUNT; i++) {
            job->faults.of[i] += faults.of[i];
        }
        job->done++;
    }
}

static void start(struct run *run, size_t index)
{
    (void)fflush(stdout);
    run->pids[index] = fork();
    if (run->pids[index] == 0) {
        work(run, index);
        (void)fflush(stdout);
        _exit(EXIT_SUCCESS);
    }
}

/* A process that died of its seed has a successor for those behind it. */
static void wait_for(struct run *run, size_t index)
{
    int status = 0;
    while (waitpid(run->pids[index], &status, 0) == run->pids[index] && status != 0) {
        printf("died of signal %d, exit code %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
               WIFEXITED(status) ? WEXITSTATUS(status) : 0);
        tell_failure(&run->jobs[index]);
        start(run, index);
    }
    (void)damage_lose(run->folders[index]);
    (void)rmdir(run->folders[index]);
}

static void on_signal(int number)
{
    (void)number;
    *is_told = 1;
}

/* Whoever ends a long run wants to know how far it came. */
static void heed_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void run_all(struct run *run)
{
    heed_signals();
    for (size_t i = 0; i < run->job_count; i++) {
        make_folder(run->folders[i]);
        run->jobs[i].next = i;
        start(run, i);
    }
    for (size_t i = 0; i < run->job_count; i++) {
        wait_for(run, i);
    }
}

static uint64_t sum_up(const struct run *run, uint64_t *out_failures, struct fault_counts *faults)
{
    uint64_t done = 0;
    for (size_t i = 0; i < run->job_count; i++) {
        done += run->jobs[i].done;
        *out_failures += run->jobs[i].failures;
        for (int f = 0; f < FAULT_COUNT; f++) {
            faults->of[f] += run->jobs[i].faults.of[f];
        }
    }
    return done;
}

bool jobs_run(const struct jobs_options *options)
{
    static struct run run;
    struct fault_counts faults = {.of = {0}};
    uint64_t failures = 0;
    time_t began = time(NULL);

    run.options = options;
    run.job_count = options->jobs < 1 ? 1 : options->jobs > JOBS_MAX ? JOBS_MAX : options->jobs;
    run.jobs = share(JOBS_MAX * sizeof(struct job));
    is_told = share(sizeof(*is_told));
    read_old_seeds(&run, options->seeds_file);
    run_all(&run);
    uint64_t done = sum_up(&run, &failures, &faults);
    faults_print(&faults);
    printf("%" PRIu64 " seeds from %" PRIu64 " (%" PRIu64 " of them old ones), one in %" PRIu64
           " twice, in %ld s, %" PRIu64 " failed\n",
           done, options->first, run.old_count, options->twice_every, (long)(time(NULL) - began),
           failures);
    return failures == 0;
}
