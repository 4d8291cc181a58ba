/* A machine of the virtual world: a data folder that the shards on it share, and a kernel.
 *
 * It can lose power. What was not synced then is as it was, or as it is, page by page: an image of
 * what has reached the disk is kept of each partition. */
#ifndef CANDLED_TESTS_SIM_MACHINE_H
#define CANDLED_TESTS_SIM_MACHINE_H

#include "runtime/rand.h"
#include "tests/sim/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct image {
    unsigned char *bytes; /* NULL: none was taken */
    size_t size;
};

struct machine {
    struct rand *rand; /* borrowed */
    char data_dir[280];
    char boot_id[32];
    unsigned boots;
    struct image images[SIM_PARTITIONS_MAX];
};

void machine_init(struct machine *machine, struct rand *rand, const char *folder, size_t index);

void machine_deinit(struct machine *machine);

/* All of a partition's environment is on the disk. */
void machine_note_synced(struct machine *machine, size_t partition);

/* The kernel has written some pages back by itself. */
void machine_write_back(struct machine *machine, size_t partition);

/* Its processes are dead already. */
void machine_lose_power(struct machine *machine);

#endif
