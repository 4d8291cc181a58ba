/* A server that a sink writes to: candles guarded by revision, or dead letters by id.
 *
 * It outlives every process of ours. Each write is compared with what the oracle says that this
 * revision is, and a reader watches that no candle goes back. */
#ifndef CANDLED_TESTS_SIM_SERVER_H
#define CANDLED_TESTS_SIM_SERVER_H

#include "actors/acked.h"
#include "proto/candle.h"
#include "proto/dead_letter.h"
#include "runtime/rand.h"
#include "tests/sim/faults.h"
#include "tests/sim/hash.h"
#include "tests/sim/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server_copy;

/* What candled keeps for itself about a partition, and what we know of it. */
struct server_mark {
    struct acked acked;
    int64_t floor_ms; /* windows before it are not known to a state that began in the middle */
};

struct server {
    const struct scenario *scenario; /* borrowed */
    struct faults *faults;           /* borrowed */
    const char *name;
    bool rejects; /* some symbols' candles of a certain minute, for ever */

    struct candle *rows;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* index + 1 by key, open addressing */
    size_t slot_count;
    int64_t *seen; /* by row: the highest revision a reader has seen */

    struct server_mark marks[SIM_PARTITIONS_MAX];
    struct rand lives;        /* not the dice: what a seed means does not hang on it */
    bool has_forgotten;       /* at least once */
    struct server_copy *copy; /* from an earlier time; NULL: none */

    bool *dead[SIM_PARTITIONS_MAX]; /* by offset: is there a letter? */
    char **rejected;                /* the values of letters about rejected candles */
    size_t rejected_count;
    unsigned differences; /* from what is allowed; each was printed */
};

void server_init(struct server *server, const struct scenario *scenario, struct faults *faults,
                 const char *name);

void server_deinit(struct server *server);

/* A guarded upsert, unless the server has a rule against the candle. */
void server_put_candle(struct server *server, const struct candle *candle);

void server_put_letter(struct server *server, const struct dead_letter *letter);

bool server_rejects(const struct server *server, const char *symbol, enum interval interval,
                    int64_t open_ms);

/* NULL: it holds none. */
const struct candle *server_find(const struct server *server, const char *symbol,
                                 enum interval interval, int64_t open_ms);

/* Is there a dead letter about this candle? */
bool server_has_rejected(const struct server *server, const char *symbol, enum interval interval,
                         int64_t open_ms);

bool server_has_dead(const struct server *server, size_t partition, int64_t offset);

/* A copy is made, in place of the one before. */
void server_keep_copy(struct server *server);

bool server_has_copy(const struct server *server);

/* A state of this partition begins in the middle of the log: what windows before the floor are, it
 * does not know, and cannot give back. META_FLOOR_DUE: of none that is there by now. */
void server_note_floor(struct server *server, size_t partition, int64_t floor_ms);

/* It comes back empty, or as the copy is; its readers know. */
void server_forget(struct server *server, bool is_copy);

/* Something that may not be. */
void server_tell(struct server *server, const char *what);

void server_hash(const struct server *server, struct hash *hash);

#endif
