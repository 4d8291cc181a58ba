#include "actors/edge/mongo_ledger_document.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
#define DAY_TEXTS(X)            \
    /* in MongoDB   member   */ \
    X(topic,        topic)      \
    X(timezone,     zone)       \
    X(day,          date)       \
    X(backup,       backup)

#define DAY_NUMBERS(X)               \
    /* in MongoDB   member        */ \
    X(symbols,      symbols)         \
    X(expected,     expected)        \
    X(minutes,      minutes)         \
    X(fromLog,      log_minutes)     \
    X(fromArchive,  archive_minutes) \
    X(fromRest,     rest_minutes)    \
    X(candles,      candles)         \
    X(pending,      pending)         \
    X(refused,      refused)

#define DAY_TIMES(X)             \
    /* in MongoDB   member    */ \
    X(from,         from_ms)     \
    X(to,           to_ms)       \
    X(finishedAt,   finished_ms)
/* clang-format on */

void mongo_ledger_document_id(const struct ledger_day *day, char id[MONGO_LEDGER_ID_MAX])
{
    (void)snprintf(id, MONGO_LEDGER_ID_MAX, "%s:%s:%s", day->topic, day->zone, day->date);
}

static void append_intervals(bson_t *document, interval_set intervals)
{
    char key[16];
    const char *name;
    bson_t list;
    uint32_t count = 0;

    BSON_APPEND_ARRAY_BEGIN(document, "intervals", &list);
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((intervals & INTERVAL_BIT(i)) != 0) {
            (void)bson_uint32_to_string(count++, &name, key, sizeof(key));
            BSON_APPEND_UTF8(&list, name, interval_name(i));
        }
    }
    bson_append_array_end(document, &list);
}

static void append_hole(bson_t *list, uint32_t at, const struct ledger_hole *hole)
{
    char key[16];
    const char *name;
    bson_t item;

    (void)bson_uint32_to_string(at, &name, key, sizeof(key));
    BSON_APPEND_DOCUMENT_BEGIN(list, name, &item);
    BSON_APPEND_UTF8(&item, "symbol", hole->symbol);
    BSON_APPEND_DATE_TIME(&item, "from", hole->from_ms);
    BSON_APPEND_DATE_TIME(&item, "to", hole->to_ms);
    BSON_APPEND_INT64(&item, "minutes", (hole->to_ms - hole->from_ms) / MINUTE_MS);
    bson_append_document_end(list, &item);
}

static void append_holes(bson_t *document, const struct ledger_day *day)
{
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(document, "holes", &list);
    for (size_t i = 0; i < day->hole_count && i < LEDGER_HOLES_MAX; i++) {
        append_hole(&list, (uint32_t)i, &day->holes[i]);
    }
    bson_append_array_end(document, &list);
}

void mongo_ledger_document_write(const struct ledger_day *day, bson_t *document)
{
    char id[MONGO_LEDGER_ID_MAX];

    mongo_ledger_document_id(day, id);
    BSON_APPEND_UTF8(document, "_id", id);
#define X(name, member) BSON_APPEND_UTF8(document, #name, day->member);
    DAY_TEXTS(X)
#undef X
    BSON_APPEND_UTF8(document, "state", mongo_ledger_state_name(day->state));
#define X(name, member) BSON_APPEND_INT64(document, #name, day->member);
    DAY_NUMBERS(X)
#undef X
#define X(name, member) BSON_APPEND_DATE_TIME(document, #name, day->member);
    DAY_TIMES(X)
#undef X
    BSON_APPEND_BOOL(document, "wasAsked", day->was_asked);
    BSON_APPEND_INT64(document, "holeMinutes", day->expected - day->minutes);
    append_intervals(document, day->intervals);
    append_holes(document, day);
}

static void read_text(const bson_t *document, const char *name, char *text, size_t size)
{
    bson_iter_t at;
    if (bson_iter_init_find(&at, document, name) && BSON_ITER_HOLDS_UTF8(&at)) {
        (void)snprintf(text, size, "%s", bson_iter_utf8(&at, NULL));
    }
}

static int64_t number_in(const bson_t *document, const char *name)
{
    bson_iter_t at;
    bool is_there = bson_iter_init_find(&at, document, name) && BSON_ITER_HOLDS_NUMBER(&at);
    return is_there ? bson_iter_as_int64(&at) : 0;
}

static int64_t time_in(const bson_t *document, const char *name)
{
    bson_iter_t at;
    bool is_there = bson_iter_init_find(&at, document, name) && BSON_ITER_HOLDS_DATE_TIME(&at);
    return is_there ? bson_iter_date_time(&at) : 0;
}

static enum ledger_state state_in(const bson_t *document)
{
    char name[16] = "";
    read_text(document, "state", name, sizeof(name));
    for (enum ledger_state state = 0; state < LEDGER_STATE_COUNT; state++) {
        if (strcmp(name, mongo_ledger_state_name(state)) == 0) {
            return state;
        }
    }
    return LEDGER_missing;
}

static bool open_list(const bson_t *document, const char *name, bson_iter_t *list)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, name) && BSON_ITER_HOLDS_ARRAY(&at) &&
           bson_iter_recurse(&at, list);
}

static interval_set intervals_in(const bson_t *document)
{
    bson_iter_t list;
    interval_set intervals = 0;
    enum interval interval;

    if (!open_list(document, "intervals", &list)) {
        return 0;
    }
    while (bson_iter_next(&list)) {
        if (BSON_ITER_HOLDS_UTF8(&list) &&
            interval_parse(slice_of_text(bson_iter_utf8(&list, NULL)), &interval) == STATUS_OK) {
            intervals = (interval_set)(intervals | INTERVAL_BIT(interval));
        }
    }
    return intervals;
}

static size_t read_holes(const bson_t *document, struct ledger_hole *holes)
{
    bson_iter_t list;
    size_t count = 0;

    if (!open_list(document, "holes", &list)) {
        return 0;
    }
    while (count < LEDGER_HOLES_MAX && bson_iter_next(&list)) {
        const uint8_t *bytes;
        uint32_t size;
        bson_t item;
        if (BSON_ITER_HOLDS_DOCUMENT(&list)) {
            bson_iter_document(&list, &size, &bytes);
            if (bson_init_static(&item, bytes, size)) {
                holes[count] = (struct ledger_hole){.from_ms = time_in(&item, "from"),
                                                    .to_ms = time_in(&item, "to")};
                read_text(&item, "symbol", holes[count].symbol, sizeof(holes[count].symbol));
                count++;
            }
        }
    }
    return count;
}

void mongo_ledger_document_read(const bson_t *document, struct ledger_day *out_day,
                                struct ledger_hole *holes)
{
    bson_iter_t at;
    struct ledger_day day = {.state = state_in(document)};

#define X(name, member) read_text(document, #name, day.member, sizeof(day.member));
    DAY_TEXTS(X)
#undef X
#define X(name, member) day.member = number_in(document, #name);
    DAY_NUMBERS(X)
#undef X
#define X(name, member) day.member = time_in(document, #name);
    DAY_TIMES(X)
#undef X
    day.was_asked = bson_iter_init_find(&at, document, "wasAsked") && bson_iter_as_bool(&at);
    day.intervals = intervals_in(document);
    day.hole_count = read_holes(document, holes);
    day.holes = holes;
    *out_day = day;
}
