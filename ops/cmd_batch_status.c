/* candled batch status: what the ledger knows of days, and which it does not know. */
#include "actors/edge/mongo_ledger.h"
#include "ops/batch_report.h"
#include "ops/cmd_batch.h"
#include "ops/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAYS_DEFAULT = 14 };

struct listing {
    struct cmd_batch *c;
    struct zone_date next; /* the next day to be told */
    int64_t counts[LEDGER_STATE_COUNT];
};

static void tell(struct listing *listing, const struct ledger_day *entry)
{
    struct batch_day day = {.entry = *entry};
    struct text out = {.bytes = NULL};
    if (listing->c->context->is_json) {
        batch_report_json(&day, false, &out);
        text_add(&out, "\n");
    } else {
        batch_report_text(&day, false, &out);
    }
    fputs(text_get(&out), stdout);
    text_deinit(&out);
    listing->counts[entry->state]++;
}

/* Those between the last one told and `date`. A date that the zone skipped is no day. */
static void tell_missing(struct listing *listing, struct zone_date date)
{
    const struct zone *zone = listing->c->zone;
    for (; zone_date_compare(listing->next, date) < 0;
         listing->next = zone_date_add(listing->next, 1)) {
        char text[ZONE_DATE_TEXT_MAX];
        struct ledger_day entry = {
            .from_ms = zone_date_open_ms(zone, listing->next),
            .to_ms = zone_date_open_ms(zone, zone_date_add(listing->next, 1)),
        };
        zone_date_print(listing->next, text);
        memcpy(entry.date, text, sizeof(entry.date));
        snprintf(entry.zone, sizeof(entry.zone), "%s", zone_name(zone));
        snprintf(entry.topic, sizeof(entry.topic), "%s", listing->c->config->kafka.topic);
        if (entry.from_ms < entry.to_ms) {
            tell(listing, &entry);
        }
    }
}

static void on_day(void *context, const struct ledger_day *entry)
{
    struct listing *listing = context;
    struct zone_date date;
    if (zone_date_parse(entry->date, &date) == STATUS_OK) {
        tell_missing(listing, date);
        tell(listing, entry);
        listing->next = zone_date_add(date, 1);
    }
}

static void print_sum(const struct listing *listing)
{
    int64_t days = 0;
    for (enum ledger_state state = 0; state < LEDGER_STATE_COUNT; state++) {
        days += listing->counts[state];
    }
    if (listing->c->context->is_json) {
        printf("{\"days\":%" PRId64 ",\"done\":%" PRId64 ",\"partial\":%" PRId64
               ",\"missing\":%" PRId64 "}\n",
               days, listing->counts[LEDGER_done], listing->counts[LEDGER_partial],
               listing->counts[LEDGER_missing]);
    } else {
        printf("%" PRId64 " days: %" PRId64 " done, %" PRId64 " partial, %" PRId64 " missing\n",
               days, listing->counts[LEDGER_done], listing->counts[LEDGER_partial],
               listing->counts[LEDGER_missing]);
    }
}

enum cli_exit cmd_batch_status(struct cmd_batch *c)
{
    char from[ZONE_DATE_TEXT_MAX];
    char to[ZONE_DATE_TEXT_MAX];
    char error[MONGO_LEDGER_ERROR_MAX] = "";
    struct mongo_ledger *ledger;
    struct listing listing = {
        .c = c, .next = c->has_days ? c->from : zone_date_add(c->to, 1 - DAYS_DEFAULT)};

    if (mongo_ledger_open(c->config->mongo.uri, c->config->mongo.database, &ledger, error,
                          sizeof(error)) != STATUS_OK) {
        return cli_fail(c->context, "MongoDB: %s", error);
    }
    zone_date_print(listing.next, from);
    zone_date_print(c->to, to);
    enum status status = mongo_ledger_each(ledger, c->config->kafka.topic, zone_name(c->zone), from,
                                           to, on_day, &listing);
    if (status == STATUS_OK) {
        tell_missing(&listing, zone_date_add(c->to, 1));
        print_sum(&listing);
    } else {
        (void)cli_fail(c->context, "MongoDB: %s", mongo_ledger_error(ledger));
    }
    mongo_ledger_close(&ledger);
    return status == STATUS_OK ? CLI_DONE : CLI_FAILED;
}
