#include "actors/effects.h"

#include "actors/kept.h"
#include "runtime/actor.h"
#include "runtime/mem.h"
#include "state/layout.h"
#include "state/outbox.h"

#include <assert.h>

void effects_init(struct effects *effects, const struct candle_rules *rules, struct store *store,
                  struct metrics_set *metrics, struct actor *partition)
{
    *effects = (struct effects){
        .partition = partition,
        .rules = *rules,
        .meta = *store_meta(store),
        .batch = batch_create(),
        .view = store_view_create(store),
        .due = deadlines_create(),
        .metrics = metrics,
        .as_of_ms = META_NO_TIME,
    };
}

void effects_deinit(struct effects *effects)
{
    span_deinit(&effects->span);
    closes_deinit(&effects->closes);
    deadlines_destroy(&effects->due);
    store_view_destroy(&effects->view);
    batch_destroy(&effects->batch);
}

/* A state that cannot be read is no state to go on with. */
static void must(struct effects *effects, enum status status)
{
    if (status != STATUS_OK) {
        actor_escalate(effects->partition, status);
    }
}

bool effects_begin(struct effects *effects)
{
    enum status status = store_view_open(effects->view);
    must(effects, status);
    return status == STATUS_OK;
}

void effects_end(struct effects *effects)
{
    store_view_close(effects->view);
}

/* The batch first, then the last commit. */
static bool get(struct effects *effects, enum store_table table, struct slice key,
                struct slice *out_value)
{
    enum batch_found found = batch_find(effects->batch, table, key, out_value);
    if (found != BATCH_nothing) {
        return found == BATCH_put;
    }
    enum status status = store_view_get(effects->view, table, key, out_value);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        must(effects, status);
    }
    return status == STATUS_OK;
}

bool effects_get_candle(struct effects *effects, const char *symbol, enum interval interval,
                        int64_t open_ms, struct candle *out_candle)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    struct slice value;
    if (rules_expire_ms(&effects->rules, interval, open_ms) <= effects->as_of_ms) {
        return false;
    }
    size_t size = layout_candle_key(symbol, interval, open_ms, key);
    if (!get(effects, TABLE_candles, (struct slice){key, size}, &value)) {
        return false;
    }
    enum status status = candle_decode(value, out_candle);
    if (status != STATUS_OK) {
        must(effects, STATUS_CORRUPT);
    }
    return status == STATUS_OK;
}

static struct slice encode(const struct candle *candle, unsigned char bytes[CANDLE_ENCODED_MAX])
{
    return (struct slice){bytes, candle_encode(candle, bytes)};
}

static void put_candle(struct effects *effects, const struct candle *candle, struct slice value)
{
    unsigned char key[LAYOUT_CANDLE_KEY_MAX];
    size_t size = layout_candle_key(candle->symbol, candle->interval, candle->open_ms, key);
    int64_t expire_ms = rules_expire_ms(&effects->rules, candle->interval, candle->open_ms);
    batch_put_candle(effects->batch, (struct slice){key, size}, value, expire_ms);
}

void effects_put_candle(struct effects *effects, const struct candle *candle)
{
    unsigned char bytes[CANDLE_ENCODED_MAX];
    put_candle(effects, candle, encode(candle, bytes));
}

static void put_outbox(struct effects *effects, enum outbox_kind kind, enum interval interval,
                       struct slice payload)
{
    unsigned char key[LAYOUT_OUTBOX_KEY_SIZE];
    unsigned char small[CANDLE_ENCODED_MAX + 2];
    size_t size_max = payload.size + 2;
    unsigned char *value = size_max <= sizeof(small) ? small : mem_new(1, size_max);

    size_t size = outbox_encode(kind, interval, payload, value);
    layout_outbox_key(effects->meta.outbox_next, key);
    batch_put(effects->batch, TABLE_outbox, (struct slice){key, sizeof(key)},
              (struct slice){value, size});
    effects->meta.outbox_next++;
    if (kind == OUTBOX_candle) {
        effects->intervals = (interval_set)(effects->intervals | INTERVAL_BIT(interval));
    } else {
        effects->has_dead_letters = true;
    }
    if (value != small) {
        mem_free(value);
    }
}

static bool is_quiet(const struct effects *effects)
{
    return effects->meta.next_offset <= effects->meta.quiet_until;
}

/* Every sink has it from before: one that turns out not to have has forgotten. */
static void note_had(struct meta *meta, int64_t revision)
{
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (meta->acked_revisions[sink] < revision) {
            meta->acked_revisions[sink] = revision;
            meta->acked_counts[sink] = 0;
        }
    }
}

void effects_emit(struct effects *effects, struct candle *candle)
{
    unsigned char bytes[CANDLE_ENCODED_MAX];
    candle->is_emitted = true;
    struct slice value = encode(candle, bytes);
    put_candle(effects, candle, value);
    bool is_wanted = (effects->rules.outputs & INTERVAL_BIT(candle->interval)) != 0;
    if (!is_wanted || candle->open_ms < effects->meta.floor_ms ||
        candle->open_ms < kept_told_from_ms(&effects->meta, &effects->rules, candle->interval)) {
        return;
    }
    if (is_quiet(effects)) {
        note_had(&effects->meta, candle->revision);
        return;
    }
    put_outbox(effects, OUTBOX_candle, candle->interval, value);
    metrics_add(effects->metrics, METRIC_candles_emitted_total, 1);
    if (!candle->is_complete) {
        metrics_add(effects->metrics, METRIC_incomplete_candles_total, 1);
    }
}

void effects_put_dead_letter(struct effects *effects, const struct dead_letter *letter)
{
    if (is_quiet(effects)) {
        return;
    }
    unsigned char *bytes = mem_new(1, dead_letter_encoded_max(letter));
    size_t size = dead_letter_encode(letter, bytes);
    put_outbox(effects, OUTBOX_dead_letter, INTERVAL_1m, (struct slice){bytes, size});
    mem_free(bytes);
}

bool effects_get_actor(struct effects *effects, const char *symbol, struct slice *out_state)
{
    return get(effects, TABLE_actors, slice_of_text(symbol), out_state);
}

void effects_put_actor(struct effects *effects, const char *symbol, struct slice state)
{
    batch_put(effects->batch, TABLE_actors, slice_of_text(symbol), state);
}

void effects_load_span(struct effects *effects, const char *symbol, int64_t first_ms, size_t count)
{
    struct span *span = &effects->span;
    struct candle minute;
    span_reset(span, first_ms, count);
    for (size_t i = 0; i < count; i++) {
        if (effects_get_candle(effects, symbol, INTERVAL_1m, first_ms + (int64_t)i * MINUTE_MS,
                               &minute)) {
            span->minutes[i] = minute;
        }
    }
}
