/* sim [N] [--first SEED] [--folder DIR] | sim --seed S: worlds from seeds; each runs twice and must
 * be the same. */
#include "runtime/log.h"
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[256];

static bool run(uint64_t seed, bool is_traced, uint64_t *out_hash, uint64_t *out_crashes)
{
    char command[512];
    snprintf(command, sizeof(command), "rm -rf '%s/sim'", folder);
    if (system(command) != 0) {
        return false;
    }
    struct world *world = world_create(&(struct world_options){seed, is_traced, folder});
    world_run_faulty(world);
    bool is_quiet = world_run_healed(world);
    if (!is_quiet) {
        printf("it does not come to rest\n");
    }
    bool is_right = is_quiet && world_check(world);
    *out_hash = world_hash(world);
    *out_crashes = world_crashes(world);
    world_destroy(&world);
    return is_right;
}

static bool run_twice(uint64_t seed, uint64_t *crashes)
{
    uint64_t first;
    uint64_t second;
    uint64_t count;
    bool is_right = run(seed, false, &first, &count);
    *crashes += count;
    if (is_right && seed % 10 == 0) {
        is_right = run(seed, false, &second, &count) && first == second;
        if (!is_right) {
            printf("two runs of the seed differ\n");
        }
    }
    if (!is_right) {
        printf("not ok: sim --seed %" PRIu64 "\n", seed);
    }
    return is_right;
}

static int run_many(uint64_t first, uint64_t count)
{
    uint64_t crashes = 0;
    uint64_t failures = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        failures += !run_twice(seed, &crashes);
        if (failures == 3) {
            break;
        }
    }
    printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " crashes, %" PRIu64 " failed\n", count,
           first, crashes, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void make_folder(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(folder, sizeof(folder), "%s/candled-sim-XXXXXX", base);
    if (mkdtemp(folder) == NULL) {
        perror("mkdtemp");
        exit(EXIT_FAILURE);
    }
}

static void remove_folder(void)
{
    char command[512];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    (void)!system(command);
}

int main(int argc, char **argv)
{
    uint64_t hash;
    uint64_t crashes;
    uint64_t count = argc > 1 && argv[1][0] != '-' ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t first = 1;
    int result;

    make_folder();
    atexit(remove_folder);
    log_configure(LOG_LEVEL_error, false);
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--first") == 0) {
            first = strtoull(argv[i + 1], NULL, 10);
        }
        if (strcmp(argv[i], "--seed") == 0) {
            result = run(strtoull(argv[i + 1], NULL, 10), true, &hash, &crashes);
            printf("%s, hash %016" PRIx64 ", %" PRIu64 " crashes\n", result ? "right" : "WRONG",
                   hash, crashes);
            return result ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    return run_many(first, count);
}
