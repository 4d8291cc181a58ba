/* Points in time as people write them: 2026-02-01T00:00:00Z, with a fraction or an offset. */
#ifndef CANDLED_OPS_RFC3339_H
#define CANDLED_OPS_RFC3339_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

enum { RFC3339_TEXT_MAX = 40 };

/* A date alone ("2026-02-01") is its midnight in UTC. STATUS_MALFORMED for everything else. */
MUST_CHECK enum status rfc3339_parse(const char *text, int64_t *out_time_ms);

/* In UTC; milliseconds only where there are some. */
void rfc3339_print(int64_t time_ms, char text[RFC3339_TEXT_MAX]);

#endif
