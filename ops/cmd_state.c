/* candled state: what the partitions under data_dir hold. */
#include "ops/cli.h"
#include "ops/state_ask.h"
#include "ops/state_holes.h"
#include "ops/state_new_era.h"
#include "runtime/base.h"
#include "runtime/log.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 2300 };

static void print_part(void *context, const char *bytes, size_t size)
{
    (void)context;
    (void)fwrite(bytes, 1, size, stdout);
}

static bool is_question(const char *word)
{
    static const char *const words[] = {"list", "show", "export"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void ask(const struct cli_context *context, const char *data_dir, struct state_tally *tally)
{
    struct state_request request = {
        .data_dir = data_dir,
        .topic = context->config.kafka.topic,
        .word = context->words[0],
        .symbol = context->word_count > 1 ? context->words[1] : "",
        .part = print_part,
    };
    state_ask(&request, tally);
}

/* Of `candled collect`, or else of the one in candled run. */
static enum cli_exit show_holes(struct cli_context *context)
{
    const char *symbol = context->word_count > 1 ? context->words[1] : "";
    char embedded[PATH_BYTES];

    log_configure(LOG_LEVEL_error, false);
    snprintf(embedded, sizeof(embedded), "%s/embedded", context->config.data_dir);
    enum status status = state_holes_print(context->config.data_dir, symbol);
    if (status == STATUS_NOT_FOUND) {
        status = state_holes_print(embedded, symbol);
    }
    if (status == STATUS_NOT_FOUND) {
        return cli_fail(context, "no collector under %s has heard of %s; is data_dir right?",
                        context->config.data_dir, symbol[0] != '\0' ? symbol : "any symbol");
    }
    return status == STATUS_OK
               ? CLI_DONE
               : cli_fail(context, "the ledger cannot be read: %s", status_text(status));
}

static enum cli_exit run(struct cli_context *context)
{
    const char *word = context->words[0];
    struct state_tally tally = {.answers = 0};
    char embedded[PATH_BYTES];

    if (strcmp(word, "new-era") == 0 && context->word_count == 1) {
        return state_new_era(context);
    }
    if (strcmp(word, "holes") == 0) {
        return show_holes(context);
    }
    if (!is_question(word)) {
        return cli_misuse(context, "'%s' is none of list, show, export, holes, new-era", word);
    }
    if ((strcmp(word, "show") == 0) != (context->word_count == 2)) {
        return cli_misuse(context, "show takes one symbol, the others take none");
    }
    log_configure(LOG_LEVEL_error, false);
    ask(context, context->config.data_dir, &tally);
    snprintf(embedded, sizeof(embedded), "%s/embedded", context->config.data_dir);
    ask(context, embedded, &tally); /* of candled run */
    if (tally.failures > 0) {
        return CLI_FAILED;
    }
    if (tally.answers == 0) {
        const char *what =
            context->word_count > 1 ? context->words[1] : context->config.kafka.topic;
        return cli_fail(context, "nothing is known of %s under %s; is data_dir right?", what,
                        context->config.data_dir);
    }
    return CLI_DONE;
}

const struct cli_command cmd_state = {
    .name = "state",
    .summary = "what the partitions and the collector hold: list | show | export | holes | new-era",
    .usage = "list | show SYMBOL | export | holes [SYMBOL] | new-era",
    .text =
        "Prints JSON lines. Running shards are asked through their sockets in data_dir/run;\n"
        "state that no shard holds is read directly, and nothing is written.\n"
        "\n"
        "holes is the collector's ledger: each symbol with the exchange's word for it, and the\n"
        "minutes that were missing: open, filled, absent (the exchange has none), too_old.\n"
        "\n"
        "new-era is for a topic that got more partitions: with all shards stopped it tells the\n"
        "group that from now on everything written replaces what was written before. See\n"
        "docs/recovery.md before you use it.\n",
    .examples = "  candled state list --config candled.yaml\n"
                "  candled state show BTCUSDT | jq .\n"
                "  candled state export > state.jsonl\n"
                "  candled state holes BTCUSDT | jq 'select(.state == \"absent\")'\n",
    .words_min = 1,
    .words_max = 2,
    .run = run,
};
