#include "actors/partition_internal.h"

#include "actors/kept.h"
#include "actors/partition_metrics.h"
#include "runtime/log.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Candles that were told stay as they were; what comes is by the rules of now. */
static void note_rules(struct partition *p, struct meta *meta)
{
    char text[RULES_TEXT_MAX];

    rules_print(&p->options.rules, text);
    if (strcmp(text, meta->settings) == 0) {
        return;
    }
    p->effects.are_rules_new = true;
    if (meta->settings[0] != '\0') {
        log_event(LOG_rules_changed, log_text("topic", p->options.topic),
                  log_int("partition", p->options.partition), log_int("offset", meta->next_offset),
                  log_text("before", meta->settings), log_text("now", text));
    }
    snprintf(meta->settings, sizeof(meta->settings), "%s", text);
    meta->settings_offset = meta->next_offset < 0 ? 0 : meta->next_offset;
}

static void set_up_meta(struct partition *p, struct meta *meta)
{
    snprintf(meta->topic, sizeof(meta->topic), "%s", p->options.topic);
    meta->partition = p->options.partition;
    if (p->options.topic_partitions > 0) {
        meta->topic_partitions = p->options.topic_partitions;
    }
    if (p->options.cluster != NULL) {
        snprintf(meta->cluster, sizeof(meta->cluster), "%s", p->options.cluster);
    }
    if (meta->next_offset < 0) {
        meta->floor_ms = p->options.floor_ms;
        meta->quiet_until = p->options.quiet_until;
    }
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        meta->cursors[sink] = META_NO_CURSOR; /* until its dispatcher comes */
    }
    kept_note_rules(meta, &p->options.rules);
    note_rules(p, meta);
}

struct partition *partition_create(const struct partition_options *options)
{
    struct partition *p = mem_new(1, sizeof(*p));

    p->options = *options;
    p->log_end = -1;
    p->owed.from = -1;
    p->owed_later.from = -1;
    p->rejected_from = -1;
    p->batch_from = -1;
    p->metrics = partition_metrics(options->metrics, options->topic, options->partition);
    actor_init(&p->actor, &partition_class, options->sched);
    p->decoder = kline_decoder_create();
    effects_init(&p->effects, &options->rules, options->store, p->metrics, &p->actor);
    set_up_meta(p, &p->effects.meta);
    p->told_to = p->effects.meta.outbox_next - 1;
    p->is_quiet = p->effects.meta.quiet_until > 0 &&
                  p->effects.meta.next_offset < p->effects.meta.quiet_until;
    return p;
}

static void destroy_symbols(struct partition *p)
{
    struct symbol_entry *entry;
    struct symbol_entry *next;
    HASH_ITER(hh, p->symbols, entry, next)
    {
        HASH_DEL(p->symbols, entry);
        symbol_destroy(&entry->symbol);
        mem_free(entry);
    }
}

static void destroy_metrics(struct partition *p)
{
    for (size_t i = 0; i < REASON_COUNT; i++) {
        if (p->reason_metrics[i] != NULL) {
            metrics_remove(p->options.metrics, &p->reason_metrics[i]);
        }
    }
    for (enum sink sink = 0; sink < SINK_COUNT; sink++) {
        if (p->owed_metrics[sink] != NULL) {
            metrics_remove(p->options.metrics, &p->owed_metrics[sink]);
        }
    }
    metrics_remove(p->options.metrics, &p->metrics);
}

void partition_destroy(struct partition **partition_p)
{
    struct partition *p = *partition_p;
    *partition_p = NULL;
    if (p == NULL) {
        return;
    }
    destroy_symbols(p);
    delivery_destroy_rejections(&p->rejected);
    actor_deinit(&p->actor);
    if (p->is_batch_open) {
        effects_end(&p->effects);
    }
    effects_deinit(&p->effects);
    kline_decoder_destroy(&p->decoder);
    destroy_metrics(p);
    mem_free(p);
}

bool partition_is_quiet(const struct partition *p)
{
    return p->is_quiet;
}

int64_t partition_first_cursor(const struct meta *meta, enum sink sink)
{
    return meta->cursors[sink] == META_NO_CURSOR ? meta->outbox_next - 1 : meta->cursors[sink];
}

void partition_add_dispatcher(struct partition *p, enum sink sink, struct actor *dispatcher)
{
    char labels[400];
    snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%" PRId32 "\",sink=\"%s\"",
             p->options.topic, p->options.partition, schema_sink_name(sink));
    p->owed_metrics[sink] = metrics_set_of(p->options.metrics, METRIC_SCOPE_outbox, labels);
    p->dispatchers[sink] = dispatcher;
    p->effects.meta.cursors[sink] = partition_first_cursor(store_meta(p->options.store), sink);
}
