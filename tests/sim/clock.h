/* The wall clock of a virtual world. What the product writes down of it (a snapshot's manifest says
 * when it was made) must be the same in both runs of a seed: a flipped bit of a digit is another
 * digit or none at all, and which of the two the digit decides. */
#ifndef CANDLED_TESTS_SIM_CLOCK_H
#define CANDLED_TESTS_SIM_CLOCK_H

#include <stdint.h>

/* From now on CLOCK_REALTIME goes by it; borrowed. NULL: by the machine's again. */
void clock_follow(const int64_t *now_ms);

#endif
