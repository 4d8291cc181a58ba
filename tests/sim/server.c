#include "tests/sim/server.h"

#include "runtime/mem.h"
#include "state/meta.h"
#include "tests/sim/compare.h"

#include <stdio.h>
#include <string.h>

struct server_copy {
    struct candle *rows;
    size_t count;
    struct server_mark marks[SIM_PARTITIONS_MAX];
};

void server_init(struct server *server, const struct scenario *scenario, struct faults *faults,
                 const char *name)
{
    *server = (struct server){.scenario = scenario, .faults = faults, .name = name};
    for (size_t p = 0; p < scenario->partitions; p++) {
        server->dead[p] = mem_new(scenario->logs[p].count + 1, sizeof(bool));
        server->marks[p] = (struct server_mark){acked_none(), INT64_MIN};
    }
}

static void drop_copy(struct server *server)
{
    if (server->copy != NULL) {
        mem_free(server->copy->rows);
        mem_free(server->copy);
        server->copy = NULL;
    }
}

void server_deinit(struct server *server)
{
    drop_copy(server);
    for (size_t i = 0; i < server->rejected_count; i++) {
        mem_free(server->rejected[i]);
    }
    for (size_t p = 0; p < server->scenario->partitions; p++) {
        mem_free(server->dead[p]);
    }
    mem_free(server->rejected);
    mem_free(server->rows);
    mem_free(server->seen);
    mem_free(server->slots);
}

/* Where the key is, or would be. */
static uint32_t *slot_of(const struct server *server, const char *symbol, enum interval interval,
                         int64_t open_ms)
{
    uint64_t key = (uint64_t)(open_ms / MINUTE_MS) * 1024 + (uint64_t)interval * 32 +
                   (uint64_t)(symbol[3] - 'A');
    size_t at = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (server->slot_count - 1);
    while (server->slots[at] != 0) {
        const struct candle *c = &server->rows[server->slots[at] - 1];
        if (c->open_ms == open_ms && c->interval == interval && strcmp(c->symbol, symbol) == 0) {
            break;
        }
        at = (at + 1) & (server->slot_count - 1);
    }
    return &server->slots[at];
}

const struct candle *server_find(const struct server *server, const char *symbol,
                                 enum interval interval, int64_t open_ms)
{
    if (server->count == 0) {
        return NULL;
    }
    uint32_t index = *slot_of(server, symbol, interval, open_ms);
    return index == 0 ? NULL : &server->rows[index - 1];
}

static void grow(struct server *server)
{
    server->capacity = server->capacity == 0 ? 256 : server->capacity * 2;
    server->rows = mem_resize(server->rows, server->capacity, sizeof(*server->rows));
    server->seen = mem_resize(server->seen, server->capacity, sizeof(*server->seen));
    mem_free(server->slots);
    server->slot_count = server->capacity * 2;
    server->slots = mem_new(server->slot_count, sizeof(*server->slots));
    for (size_t i = 0; i < server->count; i++) {
        const struct candle *c = &server->rows[i];
        *slot_of(server, c->symbol, c->interval, c->open_ms) = (uint32_t)i + 1;
    }
}

static void tell(struct server *server, const struct candle *candle, const char *what)
{
    printf("%s: %s %s %lld revision %lld: %s\n", server->name, candle->symbol,
           interval_name(candle->interval), (long long)candle->open_ms, (long long)candle->revision,
           what);
    server->differences++;
}

void server_tell(struct server *server, const char *what)
{
    printf("%s %s\n", server->name, what);
    server->differences++;
}

/* Whoever writes, and however late: what it writes must be what the log says. */
static void check_write(struct server *server, const struct candle *candle)
{
    const struct oracle *oracle = server->scenario->oracles[scenario_partition_of(candle->symbol)];
    struct oracle_candle want =
        oracle_version(oracle, candle->symbol, candle->interval, candle->open_ms, candle->revision);
    const char *difference = want.exists ? compare_candle(candle, &want) : "no such revision";
    if (difference != NULL) {
        tell(server, candle, difference);
    }
}

bool server_rejects(const struct server *server, const char *symbol, enum interval interval,
                    int64_t open_ms)
{
    return server->rejects && (symbol[3] - 'A') % SIM_SYMBOLS_MAX == 1 &&
           open_ms / MINUTE_MS % 17 == 0 && interval != INTERVAL_1m;
}

static void watch(struct server *server, size_t row)
{
    if (server->rows[row].revision < server->seen[row]) {
        tell(server, &server->rows[row], "went back");
    }
    server->seen[row] = server->rows[row].revision;
}

void server_put_candle(struct server *server, const struct candle *candle)
{
    check_write(server, candle);
    if (server_rejects(server, candle->symbol, candle->interval, candle->open_ms)) {
        return;
    }
    if (server->count + 1 > server->capacity) {
        grow(server);
    }
    uint32_t *slot = slot_of(server, candle->symbol, candle->interval, candle->open_ms);
    if (*slot == 0) {
        *slot = (uint32_t)++server->count;
        server->rows[server->count - 1] = *candle;
        server->seen[server->count - 1] = candle->revision;
        return;
    }
    struct candle *known = &server->rows[*slot - 1];
    if (candle->revision <= known->revision) { /* the guard */
        if (candle->revision < known->revision) {
            faults_count(server->faults, FAULT_stale_write);
        }
        return;
    }
    *known = *candle;
    watch(server, *slot - 1);
}

void server_keep_copy(struct server *server)
{
    size_t size = server->count * sizeof(*server->rows);
    drop_copy(server);
    server->copy = mem_new(1, sizeof(*server->copy));
    server->copy->rows = mem_new(1, size + 1);
    server->copy->count = server->count;
    memcpy(server->copy->marks, server->marks, sizeof(server->marks));
    if (size > 0) {
        memcpy(server->copy->rows, server->rows, size);
    }
}

bool server_has_copy(const struct server *server)
{
    return server->copy != NULL;
}

void server_note_floor(struct server *server, size_t partition, int64_t floor_ms)
{
    struct server_mark *mark = &server->marks[partition];
    int64_t known_ms = floor_ms == META_FLOOR_DUE ? INT64_MAX : floor_ms;
    mark->floor_ms = mark->floor_ms < known_ms ? known_ms : mark->floor_ms;
}

/* The copy has fewer rows, the same ones first. */
void server_forget(struct server *server, bool is_copy)
{
    const struct server_copy *copy = is_copy ? server->copy : NULL;
    server->has_forgotten = true;
    if (server->slot_count > 0) {
        memset(server->slots, 0, server->slot_count * sizeof(*server->slots));
    }
    for (size_t p = 0; p < SIM_PARTITIONS_MAX; p++) {
        server->marks[p].acked = copy == NULL ? acked_none() : copy->marks[p].acked;
    }
    server->count = 0;
    for (size_t i = 0; copy != NULL && i < copy->count; i++) {
        const struct candle *c = &copy->rows[i];
        server->rows[i] = *c;
        server->seen[i] = c->revision;
        *slot_of(server, c->symbol, c->interval, c->open_ms) = (uint32_t)i + 1;
        server->count++;
    }
}

static void put_rejected(struct server *server, const struct dead_letter *letter)
{
    char *value = mem_new(1, letter->value.size + 1);
    memcpy(value, letter->value.bytes, letter->value.size);
    server->rejected =
        mem_resize(server->rejected, server->rejected_count + 1, sizeof(*server->rejected));
    server->rejected[server->rejected_count++] = value;
}

void server_put_letter(struct server *server, const struct dead_letter *letter)
{
    if (letter->reason == REASON_rejected) {
        put_rejected(server, letter);
        return;
    }
    server->dead[letter->partition][letter->offset] = true;
}

bool server_has_rejected(const struct server *server, const char *symbol, enum interval interval,
                         int64_t open_ms)
{
    char wanted[160];
    snprintf(wanted, sizeof(wanted), "\"symbol\":\"%s\",\"interval\":\"%s\",\"openTime\":%lld,",
             symbol, interval_name(interval), (long long)open_ms);
    for (size_t i = 0; i < server->rejected_count; i++) {
        if (strstr(server->rejected[i], wanted) != NULL) {
            return true;
        }
    }
    return false;
}

bool server_has_dead(const struct server *server, size_t partition, int64_t offset)
{
    return server->dead[partition][offset];
}

void server_hash(const struct server *server, struct hash *hash)
{
    hash_add(hash, server->count);
    for (size_t i = 0; i < server->count; i++) {
        const struct candle *c = &server->rows[i];
        hash_add_text(hash, c->symbol);
        hash_add(hash, (uint64_t)c->interval);
        hash_add(hash, (uint64_t)c->open_ms);
        hash_add(hash, (uint64_t)c->revision);
        hash_add(hash, (uint64_t)c->close.coefficient);
        hash_add(hash, (uint64_t)c->volume.coefficient);
    }
    for (size_t p = 0; p < server->scenario->partitions; p++) {
        for (size_t i = 0; i < server->scenario->logs[p].count; i++) {
            hash_add(hash, server->dead[p][i]);
        }
    }
}
