/* The group's coordinator: who is a member, and who has which partition.
 *
 * Cooperative: a partition that is to move is asked back first, and given to its next owner when
 * it has been released, or when its owner took too long or is no member any more. A member that is
 * not heard of for a session is none. Members ask; nothing is pushed: who does not ask does not
 * know. */
#ifndef CANDLED_TESTS_SIM_GROUP_H
#define CANDLED_TESTS_SIM_GROUP_H

#include "tests/sim/faults.h"
#include "tests/sim/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GROUP_MEMBERS_MAX = 4 * SIM_SHARDS_MAX, GROUP_NOBODY = 0 };

struct group_member {
    uint32_t id; /* GROUP_NOBODY: a free place */
    size_t shard;
    int64_t heard_ms;
    bool is_leaving; /* gets nothing more */
};

struct group_commit {
    int64_t offset; /* -1: none yet */
    int64_t era;
    int64_t acked;
};

struct group_partition {
    uint32_t owner;
    bool is_asked_back;
    int64_t asked_back_ms;
    struct group_commit commit;
};

struct group {
    struct faults *faults; /* borrowed */
    size_t partition_count;
    uint32_t last_id;
    struct group_member members[GROUP_MEMBERS_MAX];
    struct group_partition partitions[SIM_PARTITIONS_MAX];
};

void group_init(struct group *group, size_t partition_count, struct faults *faults);

/* A static member takes the place that its shard had. */
uint32_t group_join(struct group *group, size_t shard, bool is_static, int64_t now_ms);

/* False: it is no member. */
bool group_heartbeat(struct group *group, uint32_t member, int64_t now_ms);

/* It wants to give everything back. */
void group_start_leaving(struct group *group, uint32_t member, int64_t now_ms);

void group_leave(struct group *group, uint32_t member, int64_t now_ms);

bool group_owns(const struct group *group, uint32_t member, size_t partition);

bool group_is_asked_back(const struct group *group, size_t partition);

/* Nothing happens when it is not the owner. */
void group_release(struct group *group, uint32_t member, size_t partition, int64_t now_ms);

void group_commit(struct group *group, uint32_t member, size_t partition,
                  const struct group_commit *commit);

/* Moves something for no reason. */
void group_shuffle(struct group *group, int64_t now_ms);

/* Members expire, and partitions are taken from those who keep them too long. */
void group_advance(struct group *group, int64_t now_ms);

int64_t group_next_ms(const struct group *group);

#endif
