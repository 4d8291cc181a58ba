/* What the tests of state/ share: a folder that goes away, and short ways to open, commit and look.
 */
#ifndef CANDLED_TESTS_UNIT_STATE_FIXTURE_H
#define CANDLED_TESTS_UNIT_STATE_FIXTURE_H

#include "runtime/slice.h"
#include "state/batch.h"
#include "state/outbox.h"
#include "state/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fixture {
    char data_dir[256];
    struct store_options options; /* changed by tests before they open */
    struct store *store;
    struct batch *batch;
    struct meta meta; /* of the next commit */
    uint32_t sweep_max;
    uint32_t trim_max;
};

/* In /tmp, or in the folder that is given. */
void fixture_init(struct fixture *f, const char *parent);

/* Closes and removes all. */
void fixture_deinit(struct fixture *f);

/* For cmocka: a store whose outbox Redis has still to read, so that nothing of it is trimmed. */
int fixture_setup_outbox(void **state);
int fixture_teardown_outbox(void **state);

void fixture_open(struct fixture *f);

void fixture_reopen(struct fixture *f);

/* Commits the batch and empties it whatever the outcome. */
enum status fixture_commit(struct fixture *f);

void fixture_put(struct fixture *f, const char *key, const char *value);

void fixture_put_candle(struct fixture *f, const char *key, const char *value, int64_t expire_ms);

void fixture_put_entry(struct fixture *f, int64_t sequence, const char *payload);

/* The next one of the outbox. */
void fixture_put_row(struct fixture *f, enum outbox_kind kind, enum interval interval,
                     struct slice payload);

/* What a view tells of a key; a copy of the value, terminated, for the caller to free. */
enum status fixture_get(struct fixture *f, enum store_table table, struct slice key, char **out);

bool fixture_holds(struct fixture *f, enum store_table table, const char *key, const char *value);

bool fixture_lacks(struct fixture *f, enum store_table table, const char *key);

size_t fixture_entries(struct fixture *f, enum store_table table);

/* The path of a file in the partition's folder. */
const char *fixture_file(const struct fixture *f, const char *name, char path[512]);

/* How many files of the partition's folder begin with this. */
size_t fixture_count_files(const struct fixture *f, const char *prefix);

#endif
