/* What `candled run` is asked to do: its options, its sinks, its feed. */
#include "actors/edge/exchange_client.h"
#include "ops/cmd_run_internal.h"
#include "ops/collect.h"
#include "runtime/mem.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBE_MS = 5000 }; /* how long the exchange has to answer */

/* A server joins in when the file or the flags name it, and at no other time. */
static void decide_sinks(struct config *config)
{
    if (config_is_default(config, CONFIG_ID_redis_enabled)) {
        config->redis.enabled = !config_is_default(config, CONFIG_ID_redis_url) ||
                                !config_is_default(config, CONFIG_ID_redis_sentinels);
    }
    if (config_is_default(config, CONFIG_ID_mongo_enabled)) {
        config->mongo.enabled = !config_is_default(config, CONFIG_ID_mongo_uri);
    }
}

static enum cli_exit read_speed(struct run *r)
{
    const char *text = cli_value(r->context, "speed");
    char *end;

    r->speed = r->file_count > 0 ? 0 : 1;
    if (text == NULL) {
        return CLI_DONE;
    }
    if (strcmp(text, "max") == 0) {
        r->speed = 0;
        return CLI_DONE;
    }
    r->speed = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(r->speed) || r->speed <= 0) {
        return cli_misuse(r->context, "--speed: found '%.64s', expected a number above 0 or max",
                          text);
    }
    return CLI_DONE;
}

static enum cli_exit read_seed(struct run *r)
{
    const char *text = cli_value(r->context, "seed");
    char *end;

    r->seed = 1;
    if (text == NULL) {
        return CLI_DONE;
    }
    errno = 0;
    r->seed = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0) {
        return cli_misuse(r->context, "--seed: found '%.64s', expected a whole number", text);
    }
    return CLI_DONE;
}

/* --feed FILE FILE...: the option's value is the first of them, words are the others. */
static void take_files(struct run *r, const char *feed)
{
    r->kind = FEED_files;
    r->files = mem_new(r->context->word_count + 1, sizeof(*r->files));
    r->files[r->file_count++] = feed;
    for (size_t i = 0; i < r->context->word_count; i++) {
        r->files[r->file_count++] = r->context->words[i];
    }
}

/* Whether somebody would take made-up candles for a market's. */
static bool is_for_others(const struct run *r)
{
    const struct config *config = &r->context->config;
    return !r->is_embedded || config->redis.enabled || config->mongo.enabled ||
           config->kafka.output_topic[0] != '\0';
}

static bool does_exchange_answer(const struct config *config)
{
    struct exchange_client *client =
        exchange_client_create(collect_rest_url(config), config->feed.ca_file);
    bool does_answer = exchange_client_ping(client, PROBE_MS);
    exchange_client_destroy(&client);
    return does_answer;
}

/* Without a word about it: the exchange. A market that is made up takes its place only where nobody
 * but the person at the terminal sees it. */
static void choose_feed(struct run *r, const char *feed)
{
    r->kind = FEED_exchange;
    if (feed == NULL) {
        r->is_instead = !is_for_others(r) && !does_exchange_answer(&r->context->config);
        r->kind = r->is_instead ? FEED_sim : FEED_exchange;
    } else if (strcmp(feed, "sim") == 0) {
        r->kind = FEED_sim;
    } else if (strcmp(feed, "exchange") != 0) {
        take_files(r, feed);
    }
}

enum cli_exit cmd_run_check(struct run *r)
{
    struct config *config = &r->context->config;
    const char *feed = cli_value(r->context, "feed");

    r->is_embedded = strcmp(config->kafka.brokers, "embedded") == 0;
    decide_sinks(config);
    if (r->is_embedded && (config->redis.enabled || config->mongo.enabled)) {
        return cli_misuse(
            r->context, "Redis and MongoDB need a real broker: the embedded one forgets, and they "
                        "would not; name kafka.brokers, or turn them off");
    }
    if (feed == NULL && r->context->word_count > 0) {
        return cli_misuse(r->context, "files are given by --feed FILE...");
    }
    if (feed != NULL && (strcmp(feed, "sim") == 0 || strcmp(feed, "exchange") == 0) &&
        r->context->word_count > 0) {
        return cli_misuse(r->context, "--feed %s takes no files", feed);
    }
    choose_feed(r, feed);
    if (r->kind == FEED_exchange && cli_value(r->context, "speed") != NULL) {
        return cli_misuse(r->context, "--speed is for files and the simulated market");
    }
    enum cli_exit result = read_speed(r);
    return result == CLI_DONE ? read_seed(r) : result;
}
