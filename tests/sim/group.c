#include "tests/sim/group.h"

#include "runtime/deadlines.h"

#include <assert.h>

void group_init(struct group *g, size_t partition_count, struct faults *faults)
{
    *g = (struct group){.faults = faults, .partition_count = partition_count};
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        g->partitions[p].commit.offset = -1;
    }
}

static struct group_member *find(struct group *g, uint32_t id)
{
    for (size_t i = 0; i < GROUP_MEMBERS_MAX && id != GROUP_NOBODY; i++) {
        if (g->members[i].id == id) {
            return &g->members[i];
        }
    }
    return NULL;
}

static size_t count_of(const uint32_t *targets, size_t count, uint32_t id)
{
    size_t owned = 0;
    for (size_t p = 0; p < count; p++) {
        owned += targets[p] == id;
    }
    return owned;
}

/* The active member with the fewest or the most partitions; NULL: there is none. */
static struct group_member *extreme(struct group *g, const uint32_t *targets, bool is_most)
{
    struct group_member *found = NULL;
    size_t best = 0;
    for (size_t i = 0; i < GROUP_MEMBERS_MAX; i++) {
        struct group_member *m = &g->members[i];
        if (m->id == GROUP_NOBODY || m->is_leaving) {
            continue;
        }
        size_t owned = count_of(targets, g->partition_count, m->id);
        if (found == NULL || (is_most ? owned > best : owned < best)) {
            found = m;
            best = owned;
        }
    }
    return found;
}

/* Whoever has a partition keeps it as long as everybody has about as many. */
static void choose_targets(struct group *g, uint32_t targets[SIM_PARTITIONS_MAX])
{
    for (size_t p = 0; p < g->partition_count; p++) {
        const struct group_member *owner = find(g, g->partitions[p].owner);
        targets[p] = owner != NULL && !owner->is_leaving ? owner->id : GROUP_NOBODY;
    }
    const struct group_member *least = extreme(g, targets, false);
    for (size_t p = 0; p < g->partition_count && least != NULL; p++) {
        if (targets[p] == GROUP_NOBODY) {
            targets[p] = least->id;
            least = extreme(g, targets, false);
        }
    }
    for (size_t p = 0; p < g->partition_count && least != NULL; p++) {
        const struct group_member *most = extreme(g, targets, true);
        least = extreme(g, targets, false);
        if (targets[p] == most->id && count_of(targets, g->partition_count, most->id) >
                                          count_of(targets, g->partition_count, least->id) + 1) {
            targets[p] = least->id;
        }
    }
}

static void move(struct group *g, size_t p, uint32_t target, int64_t now_ms)
{
    struct group_partition *partition = &g->partitions[p];
    if (partition->owner == GROUP_NOBODY) {
        partition->owner = target;
        partition->is_asked_back = false;
    } else if (partition->owner != target && !partition->is_asked_back) {
        partition->is_asked_back = true;
        partition->asked_back_ms = now_ms;
    }
}

static void rebalance(struct group *g, int64_t now_ms)
{
    uint32_t targets[SIM_PARTITIONS_MAX];
    choose_targets(g, targets);
    for (size_t p = 0; p < g->partition_count; p++) {
        move(g, p, targets[p], now_ms);
    }
}

uint32_t group_join(struct group *g, size_t shard, bool is_static, int64_t now_ms)
{
    struct group_member *place = NULL;
    for (size_t i = 0; i < GROUP_MEMBERS_MAX; i++) {
        struct group_member *m = &g->members[i];
        if (m->id != GROUP_NOBODY && m->shard == shard && is_static && !m->is_leaving) {
            m->heard_ms = now_ms;
            return m->id;
        }
        place = m->id == GROUP_NOBODY && place == NULL ? m : place;
    }
    if (place == NULL) {
        return GROUP_NOBODY;
    }
    *place = (struct group_member){.id = ++g->last_id, .shard = shard, .heard_ms = now_ms};
    uint32_t id = place->id;
    rebalance(g, now_ms);
    return id;
}

bool group_heartbeat(struct group *g, uint32_t id, int64_t now_ms)
{
    struct group_member *member = find(g, id);
    if (member != NULL) {
        member->heard_ms = now_ms;
    }
    return member != NULL;
}

void group_start_leaving(struct group *g, uint32_t id, int64_t now_ms)
{
    struct group_member *member = find(g, id);
    if (member != NULL) {
        member->is_leaving = true;
        rebalance(g, now_ms);
    }
}

static void take_away(struct group *g, size_t p)
{
    g->partitions[p].owner = GROUP_NOBODY;
    g->partitions[p].is_asked_back = false;
}

void group_leave(struct group *g, uint32_t id, int64_t now_ms)
{
    struct group_member *member = find(g, id);
    if (member == NULL) {
        return;
    }
    for (size_t p = 0; p < g->partition_count; p++) {
        if (g->partitions[p].owner == id) {
            take_away(g, p);
        }
    }
    member->id = GROUP_NOBODY;
    rebalance(g, now_ms);
}

bool group_owns(const struct group *g, uint32_t id, size_t partition)
{
    return id != GROUP_NOBODY && g->partitions[partition].owner == id;
}

bool group_is_asked_back(const struct group *g, size_t partition)
{
    return g->partitions[partition].is_asked_back;
}

void group_release(struct group *g, uint32_t id, size_t partition, int64_t now_ms)
{
    if (group_owns(g, id, partition)) {
        faults_count(g->faults, FAULT_partition_moved);
        take_away(g, partition);
        rebalance(g, now_ms);
    }
}

void group_commit(struct group *g, uint32_t id, size_t partition, const struct group_commit *commit)
{
    if (group_owns(g, id, partition)) {
        g->partitions[partition].commit = *commit;
    }
}

void group_shuffle(struct group *g, int64_t now_ms)
{
    size_t p = rand_below(g->faults->rand, g->partition_count);
    if (g->partitions[p].owner != GROUP_NOBODY && !g->partitions[p].is_asked_back) {
        g->partitions[p].is_asked_back = true; /* perhaps to be given to the same one again */
        g->partitions[p].asked_back_ms = now_ms;
    }
}

void group_advance(struct group *g, int64_t now_ms)
{
    for (size_t i = 0; i < GROUP_MEMBERS_MAX; i++) {
        struct group_member *m = &g->members[i];
        if (m->id != GROUP_NOBODY && m->heard_ms + SIM_SESSION_MS <= now_ms) {
            faults_count(g->faults, FAULT_session_expired);
            group_leave(g, m->id, now_ms);
        }
    }
    for (size_t p = 0; p < g->partition_count; p++) {
        struct group_partition *partition = &g->partitions[p];
        if (partition->is_asked_back && partition->asked_back_ms + SIM_REVOKE_MS_MAX <= now_ms) {
            take_away(g, p);
            rebalance(g, now_ms);
        }
    }
}

int64_t group_next_ms(const struct group *g)
{
    int64_t next_ms = DEADLINE_NONE;
    for (size_t i = 0; i < GROUP_MEMBERS_MAX; i++) {
        int64_t expiry_ms = g->members[i].heard_ms + SIM_SESSION_MS;
        if (g->members[i].id != GROUP_NOBODY && expiry_ms < next_ms) {
            next_ms = expiry_ms;
        }
    }
    for (size_t p = 0; p < g->partition_count; p++) {
        int64_t limit_ms = g->partitions[p].asked_back_ms + SIM_REVOKE_MS_MAX;
        if (g->partitions[p].is_asked_back && limit_ms < next_ms) {
            next_ms = limit_ms;
        }
    }
    return next_ms;
}
