/* sim [N] [--first SEED] [--jobs J] [--failures F] [--twice-every T] | sim --seed S: worlds from
 * seeds. Each runs twice and must be the same; with T, one in T does. */
#include "runtime/log.h"
#include "tests/sim/jobs.h"
#include "tests/sim/world.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_one(uint64_t seed)
{
    struct fault_counts faults;
    bool is_right = jobs_run_seed(seed, &faults);
    faults_print(&faults);
    printf("%s\n", is_right ? "right" : "WRONG");
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Environments come and go by the thousand, with lists of megabytes: what one has given back is
 * there for the next, and not for the kernel. */
static void set_up_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 19);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 26);
    (void)mallopt(M_TOP_PAD, 1 << 24);
}

int main(int argc, char **argv)
{
    struct jobs_options options = {
        .count = argc > 1 && argv[1][0] != '-' ? strtoull(argv[1], NULL, 10) : 1000,
        .first = 1,
        .jobs = 2,
        .failures_max = 10,
        .twice_every = 1,
        .seeds_file = SIM_SEEDS,
    };
    if (argc > 1 && (argv[argc - 1][0] == '-' || argc % 2 == (argv[1][0] == '-' ? 0 : 1))) {
        printf("usage: sim [N] [--first SEED] [--jobs J] [--failures F] [--twice-every T]\n"
               "       sim --seed S\n");
        return strcmp(argv[argc - 1], "--help") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    set_up_memory();
    log_configure(LOG_LEVEL_error, false);
    for (int i = 1; i + 1 < argc; i++) {
        uint64_t number = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0) {
            return run_one(number);
        }
        options.first = strcmp(argv[i], "--first") == 0 ? number : options.first;
        options.failures_max = strcmp(argv[i], "--failures") == 0 ? number : options.failures_max;
        options.twice_every =
            strcmp(argv[i], "--twice-every") == 0 && number > 0 ? number : options.twice_every;
        options.jobs = strcmp(argv[i], "--jobs") == 0 ? (size_t)number : options.jobs;
    }
    return jobs_run(&options) ? EXIT_SUCCESS : EXIT_FAILURE;
}
