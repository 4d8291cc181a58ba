/* What becomes of files while nobody looks after them. */
#ifndef CANDLED_TESTS_SIM_DAMAGE_H
#define CANDLED_TESTS_SIM_DAMAGE_H

#include "runtime/rand.h"

#include <stdbool.h>

/* One byte of some file in the folder whose name ends so is another. False: there is none. */
bool damage_flip(struct rand *rand, const char *folder, const char *ending);

/* The same, but its end is gone. */
bool damage_truncate(struct rand *rand, const char *folder, const char *ending);

/* Empties the folder and all below it. False: there is none. */
bool damage_lose(const char *folder);

#endif
