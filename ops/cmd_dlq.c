/* candled dlq: the records that were put aside. */
#include "ops/cli.h"
#include "ops/dlq.h"
#include "ops/dlq_list.h"
#include "ops/dlq_retry.h"
#include "ops/dlq_show.h"

#include <string.h>

static enum cli_exit list(const struct cli_context *context, struct dlq *dlq)
{
    return dlq_list(context, dlq);
}

static enum cli_exit show(const struct cli_context *context, struct dlq *dlq)
{
    return dlq_show(context, dlq, context->words[1]);
}

static enum cli_exit retry(const struct cli_context *context, struct dlq *dlq)
{
    return dlq_retry(context, dlq, context->words + 1, context->word_count - 1);
}

static const struct action {
    const char *name;
    size_t words_min; /* after the name */
    size_t words_max;
    enum cli_exit (*run)(const struct cli_context *context, struct dlq *dlq);
} actions[] = {
    {"list", 0, 0, list},
    {"show", 1, 1, show},
    {"retry", 0, CLI_WORDS_MAX, retry},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return &actions[i];
        }
    }
    return NULL;
}

/* What is wrong with the words is told before anybody is asked for anything. */
static enum cli_exit run(struct cli_context *context)
{
    const struct action *action = find_action(context->words[0]);
    size_t count = context->word_count - 1;
    struct dlq *dlq = NULL;
    if (action == NULL) {
        return cli_misuse(context, "'%.64s' is none of list, show, retry", context->words[0]);
    }
    if (count < action->words_min || count > action->words_max) {
        return cli_misuse(context, "list takes no id, show takes one");
    }
    if (strcmp(context->config.kafka.brokers, "embedded") == 0) {
        return cli_misuse(context, "kafka.brokers is `embedded`, which ends with its process; name "
                                   "real brokers");
    }
    enum status status = dlq_open(context, &dlq);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return CLI_FAILED;
    }
    enum cli_exit result = action->run(context, dlq);
    dlq_close(&dlq);
    return result;
}

static const struct cli_option options[] = {
    {"reason", "REASON", "list, retry: only letters of this reason"},
    {"symbol", "SYMBOL", "list, retry: only letters of this symbol"},
    {"since", "TIME", "list, retry: only what was put aside from then on (RFC 3339)"},
    {"limit", "N", "list: only the N newest"},
    {"raw", NULL, "show: the value's own bytes and nothing else"},
    {"all", NULL, "retry: all letters"},
    {"dry-run", NULL, "retry: show what would be sent"},
    {"yes", NULL, "retry: do not ask"},
    {"force", NULL, "retry: also what was sent again already"},
    {NULL, NULL, NULL},
};

const struct cli_command cmd_dlq = {
    .name = "dlq",
    .summary = "dead letters: list | show | retry",
    .usage = "list | show ID | retry ID... | retry --reason REASON | retry --all",
    .examples = "  candled dlq list --reason late --limit 20\n"
                "  candled dlq show crypto_kline_1m/2/1817\n"
                "  candled dlq show crypto_kline_1m/2/1817 --raw > record\n"
                "  candled dlq retry --reason late --dry-run\n",
    .text = "Reads kafka.dlq_topic (TOPIC.dlq when empty) from its beginning; a letter that was\n"
            "written twice is shown once. retry sends the original bytes to the topic they came\n"
            "from, with a header `retried`, and notes that in the dead-letter topic.\n"
            "docs/dead-letters.md tells more.\n",
    .options = options,
    .words_min = 1,
    .words_max = CLI_WORDS_MAX,
    .run = run,
};
