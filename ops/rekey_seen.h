/* What of the source a scan has found in the target.
 *
 * Records go from a source partition to a target partition in their order and without a gap: so
 * the highest offset found for each pair of the two says it all, however long the log.
 * Thread: one at a time. */
#ifndef CANDLED_OPS_REKEY_SEEN_H
#define CANDLED_OPS_REKEY_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct rekey_seen;

struct rekey_seen *rekey_seen_create(int32_t source_count, int32_t target_count);

void rekey_seen_destroy(struct rekey_seen **seen_p);

/* A source partition or offset that cannot be is ignored: the target may hold anything. */
void rekey_seen_note(struct rekey_seen *seen, int64_t source, int32_t target, int64_t offset);

/* Whether the record that goes from here to there is there already. */
bool rekey_seen_has(const struct rekey_seen *seen, int32_t source, int32_t target, int64_t offset);

/* The highest offset of a source partition that was found anywhere; -1: none. */
int64_t rekey_seen_max(const struct rekey_seen *seen, int32_t source);

#endif
