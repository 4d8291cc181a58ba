/* Regular expressions for whole numbers within limits: how a JSON schema says "5m" or "1GiB". */
#ifndef CANDLED_OPS_CONFIG_RANGE_H
#define CANDLED_OPS_CONFIG_RANGE_H

#include "ops/text.h"

#include <stdint.h>

/* "[3-9]|[1-9][0-9]|1[0-1][0-9]|120" for 3 and 120: exactly the numbers from min to max, without
 * leading zeros. 0 <= min <= max. */
void config_range_add(int64_t min, int64_t max, struct text *out);

#endif
