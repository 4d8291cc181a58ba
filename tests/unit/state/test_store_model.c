#include "runtime/mem.h"
#include "runtime/rand.h"
#include "state/layout.h"
#include "state/meta_fields.h"
#include "state/store.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/state/fixture.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 60, ENTRIES_MAX = 4000, VALUE_MAX = 6000 };

/* The store as plain arrays. */
struct cell {
    bool is_there;
    size_t size;
    unsigned char fill;
    int64_t expire_ms;
};

struct model {
    struct cell actors[KEYS];
    struct cell candles[KEYS];
    struct cell entries[ENTRIES_MAX];
    struct meta meta;
};

struct world {
    struct fixture f;
    struct rand rand;
    struct model model;
};

static const int64_t times[] = {0, 100, 200, 300, 400, 500, 600, 700, 800};

static size_t random_size(struct rand *rand)
{
    return (size_t)rand_below(rand, rand_chance(rand, 10) ? VALUE_MAX : 200);
}

static void key_of(size_t i, char key[32])
{
    (void)snprintf(key, 32, "%.*skey-%zu", (int)(i % 5), "aaaaa", i);
}

static void write_cell(struct world *w, enum store_table table, struct cell *cells)
{
    unsigned char value[VALUE_MAX];
    char key[32];
    size_t i = (size_t)rand_below(&w->rand, KEYS);
    key_of(i, key);
    if (rand_chance(&w->rand, 30)) {
        batch_delete(w->f.batch, table, slice_of_text(key));
        cells[i] = (struct cell){.is_there = false};
        return;
    }
    struct cell cell = {true, random_size(&w->rand), (unsigned char)rand_next(&w->rand), 0};
    memset(value, cell.fill, sizeof(value));
    if (table == TABLE_candles) {
        cell.expire_ms = times[rand_below(&w->rand, ARRAY_COUNT(times))];
        batch_put_candle(w->f.batch, slice_of_text(key), (struct slice){value, cell.size},
                         cell.expire_ms);
    } else {
        batch_put(w->f.batch, table, slice_of_text(key), (struct slice){value, cell.size});
    }
    cells[i] = cell;
}

static void write_entry(struct world *w)
{
    unsigned char payload[VALUE_MAX];
    unsigned char value[VALUE_MAX + 2];
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    int64_t sequence = w->model.meta.outbox_next;
    if (sequence >= ENTRIES_MAX) {
        return;
    }
    struct cell cell = {true, random_size(&w->rand), (unsigned char)rand_next(&w->rand), 0};
    memset(payload, cell.fill, sizeof(payload));
    layout_outbox_key(sequence, key);
    size_t size =
        outbox_encode(OUTBOX_candle, INTERVAL_1m, (struct slice){payload, cell.size}, value);
    batch_put(w->f.batch, TABLE_outbox, SLICE_OF(key), (struct slice){value, size});
    w->model.entries[sequence] = cell;
    w->model.meta.outbox_next++;
}

static void move_cursors(struct world *w)
{
    int64_t *cursors = w->model.meta.cursors;
    size_t i = (size_t)rand_below(&w->rand, SINK_COUNT);
    if (rand_chance(&w->rand, 10)) {
        cursors[i] = META_NO_CURSOR;
    } else {
        cursors[i] = (int64_t)rand_below(&w->rand, (uint64_t)w->model.meta.outbox_next);
    }
    cursors[SINK_redis] = cursors[SINK_redis] < 0 ? 0 : cursors[SINK_redis];
}

static void random_writes(struct world *w)
{
    for (uint64_t n = rand_below(&w->rand, 40); n > 0; n--) {
        switch (rand_below(&w->rand, 4)) {
        case 0:
            write_cell(w, TABLE_actors, w->model.actors);
            break;
        case 1:
        case 2:
            write_cell(w, TABLE_candles, w->model.candles);
            break;
        default:
            write_entry(w);
            break;
        }
    }
    move_cursors(w);
    if (rand_chance(&w->rand, 20)) {
        w->model.meta.stream_time_ms = (int64_t)rand_below(&w->rand, 500);
    }
    w->model.meta.next_offset++;
}

/* All due candles go, and all entries that are done: the fixture's limits are never reached. */
static void tidy(struct model *model)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < SINK_COUNT; i++) {
        int64_t cursor = model->meta.cursors[i];
        least = cursor != META_NO_CURSOR && cursor < least ? cursor : least;
    }
    model->meta.outbox_bytes = 0;
    for (int64_t i = 1; i < model->meta.outbox_next; i++) {
        model->entries[i].is_there = model->entries[i].is_there && i > least;
        model->meta.outbox_bytes +=
            model->entries[i].is_there ? (int64_t)model->entries[i].size : 0;
    }
    for (size_t i = 0; i < KEYS; i++) {
        struct cell *candle = &model->candles[i];
        if (candle->expire_ms != 0 && candle->expire_ms <= model->meta.stream_time_ms) {
            *candle = (struct cell){.is_there = false};
        }
    }
}

static void check_cells(struct world *w, enum store_table table, const struct cell *cells)
{
    size_t count = 0;
    size_t expiring = 0;
    for (size_t i = 0; i < KEYS; i++) {
        char key[32];
        char expected[VALUE_MAX];
        char *value = NULL;
        key_of(i, key);
        enum status status = fixture_get(&w->f, table, slice_of_text(key), &value);
        assert_int_equal(status, cells[i].is_there ? STATUS_OK : STATUS_NOT_FOUND);
        if (cells[i].is_there) {
            memset(expected, cells[i].fill, cells[i].size);
            assert_memory_equal(value, expected, cells[i].size);
            assert_int_equal(value[cells[i].size], 0);
        }
        count += cells[i].is_there;
        expiring += cells[i].is_there && cells[i].expire_ms != 0;
        mem_free(value);
    }
    assert_int_equal(fixture_entries(&w->f, table), count);
    if (table == TABLE_candles) {
        assert_int_equal(fixture_entries(&w->f, TABLE_expiry), expiring);
    }
}

static void check_entries(struct world *w)
{
    struct outbox_filter filter = {.intervals = INTERVAL_BIT(INTERVAL_1m)};
    struct outbox_rows *rows = NULL;
    size_t row = 0;
    assert_int_equal(store_read_outbox(w->f.store, 0, &filter, ENTRIES_MAX, SIZE_MAX / 2, &rows),
                     STATUS_OK);
    for (int64_t i = 1; i < w->model.meta.outbox_next; i++) {
        const struct cell *cell = &w->model.entries[i];
        if (!cell->is_there) {
            continue;
        }
        assert_true(row < rows->count);
        assert_int_equal(rows->rows[row].sequence, i);
        assert_int_equal(rows->rows[row].payload.size, cell->size);
        const unsigned char *bytes = rows->rows[row].payload.bytes;
        assert_true(cell->size == 0 ||
                    (bytes[0] == cell->fill && bytes[cell->size - 1] == cell->fill));
        row++;
    }
    assert_int_equal(rows->count, row);
    outbox_rows_destroy(&rows);
}

static void check(struct world *w)
{
    const struct meta *meta = store_meta(w->f.store);
    assert_int_equal(meta->next_offset, w->model.meta.next_offset);
    assert_int_equal(meta->outbox_bytes, w->model.meta.outbox_bytes);
    assert_memory_equal(meta->cursors, w->model.meta.cursors, sizeof(meta->cursors));
    check_cells(w, TABLE_actors, w->model.actors);
    check_cells(w, TABLE_candles, w->model.candles);
    check_entries(w);
}

static void end_and_reopen(struct world *w)
{
    if (rand_chance(&w->rand, 50)) {
        store_abandon(&w->f.store);
    } else {
        store_close(&w->f.store);
    }
    fixture_open(&w->f);
}

static void run(uint64_t seed)
{
    struct world *w = mem_new(1, sizeof(*w));
    w->rand.state = seed;
    w->model.meta = meta_fields_default();
    fixture_init(&w->f, "/tmp");
    w->f.options.sync = STORE_SYNC_boot;
    w->f.options.map_bytes = 64 << 10; /* so that it grows on the way */
    w->f.sweep_max = UINT32_MAX;
    w->f.trim_max = UINT32_MAX;
    fixture_open(&w->f);
    for (int round = 0; round < 120; round++) {
        random_writes(w);
        w->f.meta = w->model.meta;
        tidy(&w->model);
        assert_int_equal(fixture_commit(&w->f), STATUS_OK);
        if (rand_chance(&w->rand, 10)) {
            end_and_reopen(w);
        }
        if (round % 8 == 0) {
            check(w);
        }
    }
    check(w);
    fixture_deinit(&w->f);
    mem_free(w);
}

static void random_operations_agree_with_plain_arrays(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        print_message("seed %d\n", (int)seed);
        run(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_plain_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
