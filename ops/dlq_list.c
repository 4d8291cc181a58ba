#include "ops/dlq_list.h"

#include "ops/dlq.h"
#include "ops/dlq_ids.h"
#include "ops/dlq_text.h"
#include "ops/rfc3339.h"
#include "proto/reason.h"
#include "runtime/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MAX = 1000000, REASONS_MAX = 64 };

/* The newest letters, when there is a limit: a ring of their lines. */
struct list {
    const struct cli_context *context;
    struct dlq_filter filter;
    const struct dlq_ids *retried;
    struct text *lines;
    size_t limit; /* 0: none */
    uint64_t count;
    uint64_t retried_count;
    struct {
        char name[DLQ_REASON_MAX];
        uint64_t count;
    } reasons[REASONS_MAX];
    size_t reason_count;
};

bool dlq_list_matches(const struct dlq_filter *filter, const struct dlq_letter *letter)
{
    return (filter->reason == NULL || strcmp(filter->reason, letter->reason) == 0) &&
           (filter->symbol == NULL || strcmp(filter->symbol, letter->symbol) == 0) &&
           letter->put_ms >= filter->since_ms;
}

static void add_time(struct text *out, int64_t time_ms)
{
    char text[RFC3339_TEXT_MAX] = "-";
    if (time_ms >= 0) {
        rfc3339_print(time_ms, text);
    }
    text_add(out, "%s", text);
}

static void add_cell(struct text *out, const char *text, int width)
{
    struct text cell = {.bytes = NULL};
    dlq_text_plain(&cell, slice_of_text(text[0] == '\0' ? "-" : text));
    text_add(out, "%-*s ", width, text_get(&cell));
    text_deinit(&cell);
}

static void add_head(struct text *out)
{
    text_add(out, "%-24s %-15s %-12s %8s %-9s %-32s %s\n", "TIME", "REASON", "SYMBOL", "BYTES",
             "STATE", "ID", "ERROR");
}

void dlq_list_row(const struct dlq_letter *letter, bool is_retried, struct text *out)
{
    char put[RFC3339_TEXT_MAX] = "-";
    if (letter->put_ms >= 0) {
        rfc3339_print(letter->put_ms, put);
    }
    text_add(out, "%-24s ", put);
    add_cell(out, letter->reason, 15);
    add_cell(out, letter->symbol, 12);
    text_add(out, "%8zu ", letter->value.size);
    add_cell(out, is_retried ? "retried" : letter->is_truncated ? "truncated" : "-", 9);
    add_cell(out, letter->id, 32);
    dlq_text_plain(out, slice_of_text(letter->error));
    text_add(out, "\n");
}

static void add_json(struct text *out, const char *name, const char *text)
{
    text_add(out, "\"%s\": ", name);
    dlq_text_json(out, slice_of_text(text));
    text_add(out, ", ");
}

void dlq_list_json(const struct dlq_letter *letter, bool is_retried, struct text *out)
{
    text_add(out, "{");
    add_json(out, "id", letter->id);
    text_add(out, "\"time\": \"");
    add_time(out, letter->put_ms);
    text_add(out, "\", ");
    add_json(out, "reason", letter->reason);
    add_json(out, "error", letter->error);
    add_json(out, "topic", letter->topic);
    text_add(out,
             "\"partition\": %" PRId64 ", \"offset\": %" PRId64 ", \"timestamp\": %" PRId64 ", ",
             letter->partition, letter->offset, letter->timestamp_ms);
    add_json(out, "symbol", letter->symbol);
    text_add(out, "\"key\": ");
    if (letter->key.bytes == NULL) {
        text_add(out, "null");
    } else {
        dlq_text_json(out, letter->key);
    }
    text_add(out, ", \"size\": %zu, \"truncated\": %s, \"retried\": %s}\n", letter->value.size,
             letter->is_truncated ? "true" : "false", is_retried ? "true" : "false");
}

/* A reason that is one too many is counted with the last: hostile headers may say anything. */
static void count_reason(struct list *list, const char *reason)
{
    size_t i = 0;
    while (i < list->reason_count && strcmp(list->reasons[i].name, reason) != 0) {
        i++;
    }
    if (i == list->reason_count && i < REASONS_MAX) {
        snprintf(list->reasons[i].name, sizeof(list->reasons[i].name), "%s", reason);
        list->reason_count++;
    }
    list->reasons[i < REASONS_MAX ? i : REASONS_MAX - 1].count++;
}

static bool take(void *context, const struct dlq_letter *letter,
                 const struct kafka_message *message)
{
    struct list *list = context;
    struct text line = {.bytes = NULL};
    (void)message;
    if (!dlq_list_matches(&list->filter, letter)) {
        return true;
    }
    bool is_retried = dlq_ids_has(list->retried, letter->id);
    (list->context->is_json ? dlq_list_json : dlq_list_row)(letter, is_retried, &line);
    count_reason(list, letter->reason);
    list->retried_count += is_retried;
    if (list->limit > 0) {
        struct text *slot = &list->lines[list->count % list->limit];
        text_deinit(slot);
        *slot = line;
    } else {
        fputs(text_get(&line), stdout);
        text_deinit(&line);
    }
    list->count++;
    return true;
}

/* And frees them. */
static void print_ring(struct list *list)
{
    uint64_t first = list->count > list->limit ? list->count - list->limit : 0;
    for (uint64_t i = first; list->limit > 0 && i < list->count; i++) {
        fputs(text_get(&list->lines[i % list->limit]), stdout);
    }
    for (size_t i = 0; i < list->limit; i++) {
        text_deinit(&list->lines[i]);
    }
}

static void print_summary(const struct list *list, uint64_t repeat_count)
{
    struct text out = {.bytes = NULL};
    bool is_json = list->context->is_json;
    text_add(&out,
             is_json ? "{\"summary\": {\"letters\": %" PRIu64 ", \"reasons\": {"
                     : "%" PRIu64 " letters",
             list->count);
    for (size_t i = 0; i < list->reason_count; i++) {
        if (is_json) {
            text_add(&out, i == 0 ? "" : ", ");
            dlq_text_json(&out, slice_of_text(list->reasons[i].name));
            text_add(&out, ": ");
        } else {
            text_add(&out, i == 0 ? ": " : ", ");
            dlq_text_plain(&out, slice_of_text(list->reasons[i].name));
            text_add(&out, " ");
        }
        text_add(&out, "%" PRIu64, list->reasons[i].count);
    }
    text_add(&out,
             is_json ? "}, \"retried\": %" PRIu64 ", \"repeats\": %" PRIu64 "}}\n"
                     : "; %" PRIu64 " of them retried; %" PRIu64 " repeats dropped\n",
             list->retried_count, repeat_count);
    fputs(text_get(&out), stdout);
    text_deinit(&out);
}

enum cli_exit dlq_list_filter(const struct cli_context *context, struct dlq_filter *out_filter)
{
    const char *since = cli_value(context, "since");
    const char *reason = cli_value(context, "reason");
    int64_t since_ms = INT64_MIN;
    bool is_known = reason == NULL;
    if (since != NULL && rfc3339_parse(since, &since_ms) != STATUS_OK) {
        return cli_misuse(context,
                          "--since: found '%.64s', expected a time as 2026-02-01T00:00:00Z", since);
    }
    for (size_t i = 1; i < REASON_COUNT && !is_known; i++) {
        is_known = strcmp(reason, reason_name((enum reason)i)) == 0;
    }
    if (!is_known) {
        return cli_misuse(context,
                          "--reason: there is no reason '%.40s'; docs/semantics.md has "
                          "the table",
                          reason);
    }
    *out_filter = (struct dlq_filter){reason, cli_value(context, "symbol"), since_ms};
    return CLI_DONE;
}

static enum cli_exit read_limit(const struct cli_context *context, size_t *out_limit)
{
    const char *text = cli_value(context, "limit");
    char *end;
    if (text == NULL) {
        return CLI_DONE;
    }
    long number = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number < 1 || number > LIMIT_MAX) {
        return cli_misuse(context, "--limit: found '%.32s', expected a number from 1 to %d", text,
                          LIMIT_MAX);
    }
    *out_limit = (size_t)number;
    return CLI_DONE;
}

static enum status read_letters(struct list *list, struct dlq *dlq)
{
    enum status status = dlq_retried(dlq, &list->retried);
    if (status != STATUS_OK) {
        return status;
    }
    if (!list->context->is_json) {
        struct text head = {.bytes = NULL};
        add_head(&head);
        fputs(text_get(&head), stdout);
        text_deinit(&head);
    }
    return dlq_read(dlq, "reading dead letters", take, list);
}

enum cli_exit dlq_list(const struct cli_context *context, struct dlq *dlq)
{
    struct list list = {.context = context};
    enum cli_exit result = dlq_list_filter(context, &list.filter);
    if (result == CLI_DONE) {
        result = read_limit(context, &list.limit);
    }
    if (result != CLI_DONE) {
        return result;
    }
    if (dlq == NULL) {
        print_summary(&list, 0);
        return CLI_DONE;
    }
    list.lines = mem_new(list.limit + 1, sizeof(*list.lines));
    enum status status = read_letters(&list, dlq);
    print_ring(&list);
    mem_free(list.lines);
    if (status == STATUS_OK) {
        print_summary(&list, dlq_repeat_count(dlq));
    }
    return status == STATUS_OK ? CLI_DONE : CLI_FAILED;
}
