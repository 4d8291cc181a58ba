/* How far rekey has come: a small text file, replaced as a whole.
 *
 * It says that every record of a source partition below next_offset is in the target, below the
 * target's ends or not; and that what stands at or beyond those ends must be looked at, because it
 * may have been written after this was.
 * Ownership: plain struct; the owner calls rekey_checkpoint_deinit(). */
#ifndef CANDLED_OPS_REKEY_CHECKPOINT_H
#define CANDLED_OPS_REKEY_CHECKPOINT_H

#include "ops/text.h"
#include "runtime/base.h"
#include "runtime/status.h"

#include <stdint.h>

enum { REKEY_TOPIC_MAX = 256, REKEY_CLUSTER_MAX = 128, REKEY_PARTITIONS_MAX = 100000 };

struct rekey_position {
    int64_t next_offset;
    int64_t last_offset; /* of the last record copied; -1: none yet */
    uint32_t last_crc;   /* of its key and value */
};

struct rekey_checkpoint {
    char source[REKEY_TOPIC_MAX];
    char target[REKEY_TOPIC_MAX];
    char cluster[REKEY_CLUSTER_MAX]; /* empty: it tells no id */
    int32_t source_count;
    int32_t target_count;
    struct rekey_position *positions; /* source_count of them */
    int64_t *target_ends;             /* target_count of them */
};

/* All positions at 0 with nothing copied. */
void rekey_checkpoint_init(struct rekey_checkpoint *checkpoint, int32_t source_count,
                           int32_t target_count);

void rekey_checkpoint_deinit(struct rekey_checkpoint *checkpoint);

void rekey_checkpoint_print(const struct rekey_checkpoint *checkpoint, struct text *out);

/* STATUS_CORRUPT: not one whole checkpoint. */
MUST_CHECK enum status rekey_checkpoint_parse(const char *text,
                                              struct rekey_checkpoint *out_checkpoint);

/* STATUS_NOT_FOUND: there is none. STATUS_CORRUPT: it is damaged. */
MUST_CHECK enum status rekey_checkpoint_read(const char *folder,
                                             struct rekey_checkpoint *out_checkpoint);

/* Is on the disk when it returns; on failure the old one is. STATUS_DISK_FULL: try again. */
MUST_CHECK enum status rekey_checkpoint_write(const char *folder,
                                              const struct rekey_checkpoint *checkpoint);

#endif
