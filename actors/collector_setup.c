/* How a collector comes to be, and what it has to say to its ledger. */
#include "actors/collector_internal.h"
#include "runtime/base.h"
#include "runtime/log.h"
#include "runtime/mem.h"
#include "runtime/metrics.h"

#include <stdlib.h>
#include <string.h>

enum {
    ATTEMPTS_MAX = 150, /* in five minutes; the exchange allows 300 for an address */
    ATTEMPTS_WINDOW_MS = 300000,
    WEIGHT_MAX = 4000, /* in a minute; the exchange allows 6000 for an address */
    WEIGHT_WINDOW_MS = 60000,
    REST_RETRY_MS_MIN = 1000,
    REST_RETRY_MS_MAX = 60000,
};

/* How long the ledger keeps a hole that is open no more. */
static const int64_t LEDGER_MS = 400ll * 86400000;

static int compare_collected(const void *a, const void *b)
{
    const struct collected *one = a;
    const struct collected *two = b;
    return strcmp(one->gaps.row.name, two->gaps.row.name);
}

static void log_hole(enum log_event event, const struct feed_hole *hole)
{
    log_write(event, (const struct log_field[]){
                         log_text("symbol", hole->symbol),
                         log_int("from", hole->from_ms),
                         log_int("to", hole->to_ms),
                         log_text("kind", feed_ledger_kind_name(hole->kind)),
                         {.key = NULL},
                     });
}

static void on_hole(void *context, const struct feed_hole *hole, bool is_gone)
{
    struct collector *c = context;
    if (is_gone) {
        feed_batch_delete_hole(&c->ledger, hole);
    } else {
        feed_batch_put_hole(&c->ledger, hole);
    }
    if (!is_gone && hole->state == FEED_HOLE_STATE_absent) {
        log_hole(LOG_feed_hole_absent, hole);
    } else if (!is_gone && hole->state == FEED_HOLE_STATE_too_old) {
        log_hole(LOG_feed_hole_old, hole);
    }
    collector_changed(c);
}

static void on_connect(void *context, int place)
{
    const struct lane_port *port = context;
    struct collector *c = port->collector;
    metrics_add(c->options.metrics, METRIC_feed_connects_total, 1);
    c->options.port.connect(c->options.port.context, port->lane, place);
}

static void on_disconnect(void *context, int place, bool is_planned, const char *why)
{
    const struct lane_port *port = context;
    struct collector *c = port->collector;
    log_event(is_planned ? LOG_feed_replaced : LOG_feed_disconnected, log_int("lane", port->lane),
              log_int("place", place), log_text("reason", why));
    c->options.port.disconnect(c->options.port.context, port->lane, place);
}

static void on_send(void *context, int place, struct slice text)
{
    const struct lane_port *port = context;
    struct collector *c = port->collector;
    c->options.port.send(c->options.port.context, port->lane, place, text);
}

/* The exchange knows no other letters in its names, where they are ASCII. */
static void write_large(char *name)
{
    for (; *name != '\0'; name++) {
        *name = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
    }
}

static void add_symbols(struct collector *c, const char *const *names, size_t count)
{
    c->symbols = mem_new(count + 1, sizeof(*c->symbols));
    for (size_t i = 0; i < count; i++) {
        feed_gaps_init(&c->symbols[i].gaps, names[i]);
        write_large(c->symbols[i].gaps.row.name);
    }
    qsort(c->symbols, count, sizeof(*c->symbols), compare_collected);
    for (size_t i = 0; i < count; i++) { /* a name given twice counts once */
        bool is_twice = c->symbol_count > 0 &&
                        compare_collected(&c->symbols[c->symbol_count - 1], &c->symbols[i]) == 0;
        if (!is_twice) {
            c->symbols[c->symbol_count++] = c->symbols[i];
        }
    }
}

static void add_lanes(struct collector *c)
{
    c->lane_count = (c->symbol_count + FEED_LANE_SYMBOLS_MAX - 1) / FEED_LANE_SYMBOLS_MAX;
    c->lanes = mem_new(c->lane_count + 1, sizeof(*c->lanes));
    c->ports = mem_new(c->lane_count + 1, sizeof(*c->ports));
    c->names = mem_new(c->symbol_count + 1, sizeof(*c->names));
    for (size_t i = 0; i < c->symbol_count; i++) {
        c->names[i] = c->symbols[i].gaps.row.name;
        c->symbols[i].lane = i / FEED_LANE_SYMBOLS_MAX;
        c->symbols[i].place_in_lane = i % FEED_LANE_SYMBOLS_MAX;
    }
    for (size_t i = 0; i < c->lane_count; i++) {
        size_t first = i * FEED_LANE_SYMBOLS_MAX;
        size_t left = c->symbol_count - first;
        c->ports[i] = (struct lane_port){c, (int)i};
        feed_lane_init(
            &c->lanes[i],
            &(struct feed_lane_options){
                .port = {&c->ports[i], on_connect, on_disconnect, on_send},
                .symbols = c->names + first,
                .symbol_count = left < FEED_LANE_SYMBOLS_MAX ? left : FEED_LANE_SYMBOLS_MAX,
                .silence_ms = c->options.silence_ms,
                .age_ms_max = c->options.age_ms_max,
                .seed = c->options.seed + i,
                .budget = &c->attempts,
            });
    }
}

struct collector *collector_create(const struct collector_options *options)
{
    struct collector *c = mem_new(1, sizeof(*c));
    c->options = *options;
    c->options.symbols = NULL;
    c->rules = (struct feed_gaps_rules){
        .keep_ms = options->keep_ms,
        .backfill_ms =
            options->backfill_ms < options->keep_ms ? options->backfill_ms : options->keep_ms,
        .proves_by_ids = options->proves_by_ids,
        .context = c,
        .changed = on_hole,
    };
    c->decoder = exchange_frame_decoder_create();
    feed_budget_init(&c->attempts, ATTEMPTS_MAX, ATTEMPTS_WINDOW_MS);
    feed_budget_init(&c->weight, WEIGHT_MAX, WEIGHT_WINDOW_MS);
    backoff_init(&c->rest_backoff, REST_RETRY_MS_MIN, REST_RETRY_MS_MAX, options->seed ^ 1);
    c->next_look_ms = FEED_NO_TIME;
    c->restored_ms = 0;
    c->next_info_ms = FEED_NO_TIME;
    c->bad_told_ms = FEED_NO_TIME;
    c->rest_not_before_ms = FEED_NO_TIME;
    c->info_not_before_ms = FEED_NO_TIME;
    c->catch_up.began_ms = FEED_NO_TIME;
    c->catch_up.to_ms = FEED_NO_TIME;
    add_symbols(c, options->symbols, options->symbol_count);
    add_lanes(c);
    c->catch_up.next = c->symbol_count;
    for (size_t i = 0; i < c->symbol_count; i++) {
        c->symbols[i].silence_ms = options->silence_ms;
        c->symbols[i].heard_ms = FEED_NO_TIME;
    }
    return c;
}

void collector_destroy(struct collector **collector_p)
{
    struct collector *c = *collector_p;
    *collector_p = NULL;
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->symbol_count; i++) {
        feed_gaps_deinit(&c->symbols[i].gaps);
    }
    for (size_t i = 0; i < c->lane_count; i++) {
        feed_lane_deinit(&c->lanes[i]);
    }
    exchange_frame_decoder_destroy(&c->decoder);
    feed_batch_deinit(&c->ledger);
    collector_pages_deinit(&c->pages);
    mem_free(c->symbols);
    mem_free(c->names);
    mem_free(c->lanes);
    mem_free(c->ports);
    mem_free(c);
}

size_t collector_lane_count(const struct collector *c)
{
    return c->lane_count;
}

void collector_restore_symbol(struct collector *c, const struct feed_symbol *row)
{
    struct collected *symbol = collector_find(c, row->name);
    if (row->known_to_ms > c->restored_ms) {
        c->restored_ms = row->known_to_ms;
    }
    if (symbol != NULL) {
        feed_gaps_restore(&symbol->gaps, row);
    }
}

void collector_restore_hole(struct collector *c, const struct feed_hole *hole)
{
    struct collected *symbol = collector_find(c, hole->symbol);
    if (hole->settled_ms != FEED_NO_TIME && hole->settled_ms < c->restored_ms - LEDGER_MS) {
        feed_batch_delete_hole(&c->ledger, hole); /* with the next commit */
        c->has_changed = true;
    } else if (symbol != NULL) {
        feed_gaps_restore_hole(&symbol->gaps, hole);
    }
}

void collector_prepare(struct collector *c, struct feed_batch *batch)
{
    if (!c->has_changed) {
        return;
    }
    c->has_changed = false;
    feed_batch_append(batch, &c->ledger);
    feed_batch_clear(&c->ledger);
    for (size_t i = 0; i < c->symbol_count; i++) {
        struct feed_gaps *gaps = &c->symbols[i].gaps;
        if (gaps->is_dirty) {
            gaps->is_dirty = false;
            feed_batch_put_symbol(batch, &gaps->row);
        }
    }
}
