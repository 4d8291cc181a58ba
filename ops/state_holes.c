#include "ops/state_holes.h"

#include "proto/interval.h"
#include "proto/json_text.h"
#include "state/feed_store.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX = 2048 };

struct listing {
    const char *symbol;
    bool is_any;
};

static bool is_wanted(const struct listing *listing, const char *symbol)
{
    return listing->symbol[0] == '\0' || strcmp(listing->symbol, symbol) == 0;
}

static void put_member(struct json_text *line, const char *name, int64_t number)
{
    json_text_put(line, name);
    if (number == FEED_NO_TIME) {
        json_text_put(line, "null");
    } else {
        json_text_put_integer(line, number);
    }
}

static void put_symbol(struct json_text *line, const char *type, const char *symbol)
{
    json_text_put(line, "{\"type\":\"");
    json_text_put(line, type);
    json_text_put(line, "\",\"symbol\":");
    json_text_put_string(line, slice_of_text(symbol));
}

static void finish(struct json_text *line)
{
    json_text_put(line, "}\n");
    (void)json_text_finish(line);
    (void)fputs(line->start, stdout);
}

static void print_symbol(void *context, const struct feed_symbol *row)
{
    struct listing *listing = context;
    struct json_text line;
    char text[LINE_MAX];

    if (!is_wanted(listing, row->name)) {
        return;
    }
    listing->is_any = true;
    json_text_init(&line, text, sizeof(text));
    put_symbol(&line, "symbol", row->name);
    json_text_put(&line, ",\"status\":");
    json_text_put_string(&line, slice_of_text(row->status));
    put_member(&line, ",\"lastMinute\":", row->known_to_ms);
    put_member(&line, ",\"checkedAt\":", row->checked_ms);
    finish(&line);
}

static void print_hole(void *context, const struct feed_hole *hole)
{
    struct listing *listing = context;
    struct json_text line;
    char text[LINE_MAX];

    if (!is_wanted(listing, hole->symbol)) {
        return;
    }
    listing->is_any = true;
    json_text_init(&line, text, sizeof(text));
    put_symbol(&line, "hole", hole->symbol);
    put_member(&line, ",\"from\":", hole->from_ms);
    put_member(&line, ",\"to\":", hole->to_ms);
    put_member(&line, ",\"minutes\":", (hole->to_ms - hole->from_ms) / MINUTE_MS + 1);
    json_text_put(&line, ",\"kind\":\"");
    json_text_put(&line, feed_ledger_kind_name(hole->kind));
    json_text_put(&line, "\",\"state\":\"");
    json_text_put(&line, feed_ledger_state_name(hole->state));
    put_member(&line, "\",\"asked\":", hole->asked);
    put_member(&line, ",\"foundAt\":", hole->found_ms);
    put_member(&line, ",\"settledAt\":", hole->settled_ms);
    finish(&line);
}

enum status state_holes_print(const char *data_dir, const char *symbol)
{
    struct feed_store_options options = {.data_dir = data_dir, .is_read_only = true};
    struct listing listing = {.symbol = symbol};
    struct feed_store *store;

    enum status status = feed_store_open(&options, &store);
    if (status != STATUS_OK) {
        return status;
    }
    status = feed_store_symbols(store, print_symbol, &listing);
    if (status == STATUS_OK) {
        status = feed_store_holes(store, print_hole, &listing);
    }
    feed_store_close(&store);
    return status == STATUS_OK && !listing.is_any ? STATUS_NOT_FOUND : status;
}
