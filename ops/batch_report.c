#include "ops/batch_report.h"

#include "ops/rfc3339.h"

#include <inttypes.h>

enum { HOLES_SHOWN = 5 };

static const char *state_of(const struct batch_day *day)
{
    return day->is_failed ? "failed" : mongo_ledger_state_name(day->entry.state);
}

static void add_number(struct text *out, const char *name, int64_t number)
{
    text_add(out, ",\"%s\":%" PRId64, name, number);
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add(out, ",\"%s\":", name);
    if (value == NULL || value[0] == '\0') {
        text_add(out, "null");
    } else {
        text_add_json(out, value);
    }
}

static int64_t hole_minutes(const struct ledger_day *entry)
{
    return entry->expected - entry->minutes;
}

static void add_holes(struct text *out, const struct ledger_day *entry)
{
    text_add(out, ",\"holes\":[");
    for (size_t i = 0; i < entry->hole_count; i++) {
        const struct ledger_hole *hole = &entry->holes[i];
        text_add(out, "%s{\"symbol\":", i == 0 ? "" : ",");
        text_add_json(out, hole->symbol);
        text_add(out, ",\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"minutes\":%" PRId64 "}",
                 hole->from_ms, hole->to_ms, (hole->to_ms - hole->from_ms) / MINUTE_MS);
    }
    text_add(out, "]");
    add_number(out, "holeMinutes", hole_minutes(entry));
}

static void add_run(struct text *out, const struct batch_day *day)
{
    text_add(out, ",\"skipped\":%s", day->is_skipped ? "true" : "false");
    add_number(out, "written", day->written);
    add_number(out, "held", day->held);
    add_number(out, "rejected", day->rejected);
    add_text(out, "error", day->error);
}

void batch_report_json(const struct batch_day *day, bool has_run, struct text *out)
{
    const struct ledger_day *entry = &day->entry;
    text_add(out, "{\"day\":\"%s\"", entry->date);
    add_text(out, "timezone", entry->zone);
    add_text(out, "topic", entry->topic);
    add_text(out, "state", state_of(day));
    add_number(out, "from", entry->from_ms);
    add_number(out, "to", entry->to_ms);
    add_number(out, "symbols", entry->symbols);
    add_number(out, "minutes", entry->minutes);
    add_number(out, "expected", entry->expected);
    add_number(out, "candles", entry->candles);
    text_add(out, ",\"sources\":{\"log\":%" PRId64 ",\"archive\":%" PRId64 ",\"rest\":%" PRId64 "}",
             entry->log_minutes, entry->archive_minutes, entry->rest_minutes);
    add_holes(out, entry);
    add_number(out, "pending", entry->pending);
    text_add(out, ",\"asked\":%s", entry->was_asked ? "true" : "false");
    add_text(out, "backup", entry->backup);
    add_number(out, "finishedAt", entry->finished_ms);
    if (has_run) {
        add_run(out, day);
    }
    text_add(out, "}");
}

static void add_hole_lines(struct text *out, const struct ledger_day *entry)
{
    char from[RFC3339_TEXT_MAX];
    for (size_t i = 0; i < entry->hole_count && i < HOLES_SHOWN; i++) {
        const struct ledger_hole *hole = &entry->holes[i];
        rfc3339_print(hole->from_ms, from);
        text_add(out, "  %s: %" PRId64 " minutes from %s\n", hole->symbol,
                 (hole->to_ms - hole->from_ms) / MINUTE_MS, from);
    }
    if (entry->hole_count > HOLES_SHOWN) {
        text_add(out, "  and %zu more holes (--json shows them)\n",
                 entry->hole_count - HOLES_SHOWN);
    }
}

static void add_known(struct text *out, const struct ledger_day *entry)
{
    text_add(out, ", %" PRId64 " of %" PRId64 " minutes of %" PRId64 " symbols", entry->minutes,
             entry->expected, entry->symbols);
    if (entry->archive_minutes + entry->rest_minutes > 0) {
        text_add(out,
                 " (%" PRId64 " of the log, %" PRId64 " of a backup, %" PRId64 " of the exchange)",
                 entry->log_minutes, entry->archive_minutes, entry->rest_minutes);
    }
    if (entry->refused > 0) {
        text_add(out, ", %" PRId64 " candles were refused by MongoDB", entry->refused);
    }
    if (entry->pending > 0) {
        text_add(out, ", %" PRId64 " windows are not over", entry->pending);
    }
    if (!entry->was_asked) {
        text_add(out, ", the exchange was not asked");
    }
}

void batch_report_text(const struct batch_day *day, bool has_run, struct text *out)
{
    const struct ledger_day *entry = &day->entry;
    text_add(out, "%s %s: %s", entry->date, entry->zone, state_of(day));
    if (day->is_failed) {
        text_add(out, ": %s\n", day->error);
        return;
    }
    if (entry->state == LEDGER_missing) {
        text_add(out, "%s\n",
                 has_run ? ": neither log nor backup nor exchange has a minute of it" : "");
        return;
    }
    if (day->is_skipped) {
        text_add(out, " before");
    }
    add_known(out, entry);
    if (has_run && !day->is_skipped) {
        text_add(out, "; %" PRId64 " candles: %" PRId64 " written, %" PRId64 " held already",
                 entry->candles, day->written, day->held);
    }
    text_add(out, "\n");
    add_hole_lines(out, entry);
}
