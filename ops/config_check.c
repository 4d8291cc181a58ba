/* What must hold between settings, and what a type alone cannot say. */
#include "ops/config_load.h"
#include "ops/config_servers.h"
#include "ops/cron.h"
#include "ops/kafka_options.h"
#include "ops/listen_address.h"
#include "proto/key_template.h"
#include "proto/kline.h"

#include <ctype.h>
#include <string.h>

struct check {
    const struct config *config;
    struct config_problems *problems;
};

#define complain(check, id, ...)                                                                   \
    config_problem((check)->problems, (check)->config->origins[id], __VA_ARGS__)

static bool starts_with_one_of(const char *text, const char *const *starts)
{
    for (size_t i = 0; starts[i] != NULL; i++) {
        if (strncmp(text, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* True: its parser may be asked. */
static bool check_url(const struct check *check, enum config_id id, const char *url,
                      const char *const *starts, bool is_optional)
{
    if ((is_optional && url[0] == '\0') || starts_with_one_of(url, starts)) {
        return url[0] != '\0';
    }
    struct text expected = {0};
    for (size_t i = 0; starts[i] != NULL; i++) {
        text_add(&expected, "%s%s", i == 0 ? "" : " or ", starts[i]);
    }
    complain(check, id, "%s: %s, expected it to begin with %s", config_setting(id)->name,
             url[0] == '\0' ? "is empty" : "has another beginning", text_get(&expected));
    text_deinit(&expected);
    return false;
}

static void check_urls(const struct check *check)
{
    static const char *const redis[] = {"redis://", "rediss://", "unix://", NULL};
    static const char *const mongo[] = {"mongodb://", "mongodb+srv://", NULL};
    static const char *const sockets[] = {"ws://", "wss://", NULL};
    static const char *const web[] = {"http://", "https://", NULL};
    static const char *const stores[] = {"file:///", "s3://", NULL};
    const struct config *config = check->config;

    if (check_url(check, CONFIG_ID_redis_url, config->redis.url, redis, !config->redis.enabled)) {
        config_servers_redis(config, check->problems);
    }
    if (check_url(check, CONFIG_ID_mongo_uri, config->mongo.uri, mongo, !config->mongo.enabled)) {
        config_servers_mongo(config, check->problems);
    }
    if (check_url(check, CONFIG_ID_snapshots_url, config->snapshots.url, stores, true)) {
        config_servers_store(config, CONFIG_ID_snapshots_url, config->snapshots.url,
                             check->problems);
    }
    (void)check_url(check, CONFIG_ID_feed_ws_url, config->feed.ws_url, sockets, true);
    (void)check_url(check, CONFIG_ID_feed_rest_url, config->feed.rest_url, web, true);
}

static bool is_topic(const char *topic)
{
    size_t size =
        strspn(topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return topic[size] == '\0' && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0;
}

static void check_topic(const struct check *check, enum config_id id, const char *topic)
{
    if (!is_topic(topic)) {
        complain(check, id, "%s: found '%.200s', expected letters, digits, '.', '_' and '-'",
                 config_setting(id)->name, topic);
    }
}

static void check_kafka(const struct check *check)
{
    const struct config *config = check->config;
    char dlq_topic[KAFKA_OPTIONS_TOPIC_MAX];
    check_topic(check, CONFIG_ID_kafka_topic, config->kafka.topic);
    check_topic(check, CONFIG_ID_kafka_dlq_topic, config->kafka.dlq_topic);
    check_topic(check, CONFIG_ID_kafka_output_topic, config->kafka.output_topic);
    if (strcmp(config->kafka.topic, config->kafka.output_topic) == 0) {
        complain(check, CONFIG_ID_kafka_output_topic,
                 "kafka.output_topic: is kafka.topic; a shard never writes to the topic it reads");
    }
    kafka_options_dlq_topic(config, dlq_topic);
    if (strcmp(config->kafka.output_topic, dlq_topic) == 0) {
        complain(check, CONFIG_ID_kafka_output_topic,
                 "kafka.output_topic: is the topic of dead letters, and candles would mix with "
                 "them; see kafka.dlq_topic");
    }
    if (strcmp(config->kafka.topic, config->kafka.dlq_topic) == 0) {
        complain(check, CONFIG_ID_kafka_dlq_topic,
                 "kafka.dlq_topic: is kafka.topic; a shard never writes to the topic it reads");
    }
    config_servers_properties(config, check->problems);
    if (config->shard.index >= config->shard.count) {
        complain(check, CONFIG_ID_shard_index,
                 "shard.index: is not below shard.count (%lld of %lld, counted from 0)",
                 (long long)config->shard.index, (long long)config->shard.count);
    }
}

/* A sink can only be given what is made: 1m, and the intervals that are folded. */
static void check_intervals(const struct check *check, bool is_enabled, enum config_id id,
                            interval_set set)
{
    interval_set made = check->config->candles.intervals | INTERVAL_BIT(INTERVAL_1m);
    if (!is_enabled || config_is_default(check->config, id)) {
        return; /* what a default names is folded, whatever candles.intervals says */
    }
    if (set == 0) {
        complain(check, id, "%s: is empty; name some, or switch the sink off with enabled: false",
                 config_setting(id)->name);
    }
    for (enum interval i = 0; i < INTERVAL_COUNT; i++) {
        if ((set & ~made & INTERVAL_BIT(i)) != 0) {
            complain(check, id, "%s: %s is not among candles.intervals, so it is never made",
                     config_setting(id)->name, interval_name(i));
        }
    }
}

static void check_template(const struct check *check, enum config_id id, const char *text,
                           bool needs_names, bool needs_time)
{
    struct key_template template;
    char error[200];
    const char *name = config_setting(id)->name;

    if (key_template_parse(text, &template, error, sizeof(error)) != STATUS_OK) {
        complain(check, id, "%s: %s", name, error);
        return;
    }
    if (needs_names && (!key_template_has(&template, KEY_PART_symbol) ||
                        !key_template_has(&template, KEY_PART_interval))) {
        complain(check, id, "%s: found '%.200s', expected {symbol} and {interval} in it", name,
                 text);
    }
    if (key_template_has(&template, KEY_PART_open_time) != needs_time) {
        complain(check, id, "%s: found '%.200s', expected {openTime} %s", name, text,
                 needs_time ? "in it" : "not to be in it");
    }
}

static void check_sinks(const struct check *check)
{
    const struct config *config = check->config;
    check_intervals(check, config->redis.enabled, CONFIG_ID_redis_intervals,
                    config->redis.intervals);
    check_intervals(check, config->mongo.enabled, CONFIG_ID_mongo_intervals,
                    config->mongo.intervals);
    check_template(check, CONFIG_ID_redis_key, config->redis.key, true, true);
    check_template(check, CONFIG_ID_redis_index_key, config->redis.index_key, true, false);
    check_template(check, CONFIG_ID_redis_latest_key, config->redis.latest_key, true, false);
    check_template(check, CONFIG_ID_mongo_collection, config->mongo.collection, false, false);
    if (strcmp(config->redis.index_key, config->redis.latest_key) == 0) {
        complain(check, CONFIG_ID_redis_latest_key,
                 "redis.latest_key: is redis.index_key; both would write the same key");
    }
}

static void check_address(const struct check *check, enum config_id id, const char *text)
{
    struct listen_address address;
    if (text[0] != '\0' && listen_address_parse(text, &address) != STATUS_OK) {
        complain(check, id, "%s: found '%.200s', expected host:port", config_setting(id)->name,
                 text);
    }
}

static void check_addresses(const struct check *check)
{
    const struct config *config = check->config;
    check_address(check, CONFIG_ID_http_listen, config->http.listen);
    check_address(check, CONFIG_ID_http_ops_listen, config->http.ops_listen);
    for (size_t i = 0; i < config->redis.sentinels.count; i++) {
        check_address(check, CONFIG_ID_redis_sentinels, config->redis.sentinels.items[i]);
    }
}

static void check_batch(const struct check *check)
{
    const char *schedule = check->config->batch.schedule;
    struct cron cron;
    char error[256];
    const char *backup_dir = check->config->batch.backup_dir;
    if (schedule[0] != '\0' && cron_parse(schedule, &cron, error, sizeof(error)) != STATUS_OK) {
        complain(check, CONFIG_ID_batch_schedule, "batch.schedule: found '%.200s': %s", schedule,
                 error);
    }
    if (strstr(backup_dir, "://") != NULL) {
        config_servers_store(check->config, CONFIG_ID_batch_backup_dir, backup_dir,
                             check->problems);
    }
    config_servers_zone(check->config, check->problems);
}

static bool is_symbol(const char *symbol)
{
    size_t size = 0;
    for (; symbol[size] != '\0'; size++) {
        unsigned char c = (unsigned char)symbol[size];
        if (c <= ' ' || c == ':' || c == 0x7f) {
            return false;
        }
    }
    return size >= 1 && size <= SYMBOL_BYTES_MAX;
}

static void check_symbols(const struct check *check)
{
    const struct config *config = check->config;
    for (size_t i = 0; i < config->symbols.count; i++) {
        if (!is_symbol(config->symbols.items[i])) {
            complain(check, CONFIG_ID_symbols,
                     "symbols: found '%.80s', expected 1 to 64 bytes without colon or space",
                     config->symbols.items[i]);
        }
    }
}

void config_check(const struct config *config, struct config_problems *problems)
{
    struct check check = {config, problems};
    check_urls(&check);
    check_kafka(&check);
    check_sinks(&check);
    check_addresses(&check);
    check_batch(&check);
    check_symbols(&check);
}
