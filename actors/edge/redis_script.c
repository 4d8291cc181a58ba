#include "actors/edge/redis_script.h"

#include "proto/interval.h"
#include "runtime/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 18, PARTITION_DIGITS_MAX = 11, NOTHING = -1 };

/* Revisions stay below 2^52 and times below 2^53: the doubles of Lua hold them exactly.
 * The quick look at a stored value takes its first "revision"; before a stored value may win over
 * ours the real parser has the last word, so that garbage never does. Most candles are new: they
 * are set where nothing is, without a look. */
const char redis_script_text[] =
    "local function run(...)\n"
    "  local reply = redis.pcall(...)\n"
    "  if type(reply) == 'table' and reply.err then error({err = reply.err}) end\n"
    "  return reply\n"
    "end\n"
    "local function call(f, ...)\n"
    "  local is_done, reply = pcall(f, ...)\n"
    "  if is_done or type(reply) == 'table' then return reply end\n"
    "  return {err = 'ERR ' .. tostring(reply)}\n"
    "end\n"
    "local function mark()\n"
    "  local revision = string.match(run('GET', KEYS[1]) or '', '^%d+$') or -1\n"
    "  local count, life = string.match(run('GET', KEYS[2]) or '', '^(%d+) (%d+)$')\n"
    "  revision = string.format('%.0f', revision)\n"
    "  count = string.format('%.0f %.0f', count or 0, life or 0)\n"
    "  if revision == ARGV[2] and count == ARGV[3] then\n"
    "    if count ~= ARGV[5] then run('SET', KEYS[2], ARGV[5]) end\n"
    "    run('SET', KEYS[1], ARGV[4])\n"
    "  end\n"
    "  return {revision, count}\n"
    "end\n"
    "if ARGV[1] == 'mark' then return call(mark) end\n"
    "local ttl, is_from_open = tonumber(ARGV[1]), ARGV[2] == 'open'\n"
    "local function parse(value)\n"
    "  local is_json, object = pcall(cjson.decode, value)\n"
    "  if is_json and type(object) == 'table' and type(object.revision) == 'number' then\n"
    "    return object\n"
    "  end\n"
    "  return {revision = -1}\n"
    "end\n"
    "local function quick(value, pattern)\n"
    "  return tonumber(string.match(value, pattern) or '-1')\n"
    "end\n"
    "local function revision_of(value, wanted)\n"
    "  if not value or quick(value, '\"revision\"%s*:%s*(%d+)') < wanted then return -1 end\n"
    "  return parse(value).revision\n"
    "end\n"
    "local function expire(key, open_time)\n"
    "  if is_from_open then\n"
    "    run('PEXPIREAT', key, string.format('%.0f', open_time + ttl))\n"
    "  else\n"
    "    run('PEXPIRE', key, ARGV[1])\n"
    "  end\n"
    "end\n"
    "local function set(key, json, open_time, ...)\n"
    "  local is_set = run('SET', key, json, 'PX', ARGV[1], ...)\n"
    "  if is_set and is_from_open then expire(key, open_time) end\n"
    "  return is_set\n"
    "end\n"
    "local function begin(index, latest)\n"
    "  local newest = run('ZREVRANGE', index, 0, 0, 'WITHSCORES')\n"
    "  return {index = index, newest = tonumber(newest[2] or '-inf') or -math.huge, adds = {},\n"
    "    latest = latest, stored = run('GET', latest)}\n"
    "end\n"
    "local function is_behind(series, open_time, revision)\n"
    "  if series.stored then\n"
    "    if quick(series.stored, '\"openTime\"%s*:%s*(%-?%d+)') < open_time then return true "
    "end\n"
    "    local stored = parse(series.stored)\n"
    "    series.stored, series.revision = false, stored.revision\n"
    "    series.open_time = type(stored.openTime) == 'number' and stored.openTime\n"
    "  end\n"
    "  return not series.open_time or series.open_time < open_time or\n"
    "    (series.open_time == open_time and series.revision < revision)\n"
    "end\n"
    "local function write(series, key, json, revision_text, open_text)\n"
    "  local revision, open_time = tonumber(revision_text), tonumber(open_text)\n"
    "  local held = -1\n"
    "  if not set(key, json, open_time, 'NX') then\n"
    "    held = revision_of(run('GET', key), revision)\n"
    "    if held > revision then return 0 end\n"
    "    if held < revision then set(key, json, open_time) end\n"
    "  end\n"
    "  if held < revision or not run('ZSCORE', series.index, open_text) then\n"
    "    series.newest = math.max(series.newest, open_time)\n"
    "    series.adds[#series.adds + 1] = open_text\n"
    "    series.adds[#series.adds + 1] = open_text\n"
    "  end\n"
    "  if is_behind(series, open_time, revision) then\n"
    "    series.stored, series.json = false, json\n"
    "    series.open_time, series.revision = open_time, revision\n"
    "  end\n"
    "  return held < revision and 1 or 0\n"
    "end\n"
    "local function finish(series)\n"
    "  if #series.adds > 0 then\n"
    "    local oldest = string.format('(%.0f', series.newest - ttl)\n"
    "    run('ZADD', series.index, unpack(series.adds))\n"
    "    run('ZREMRANGEBYSCORE', series.index, '-inf', oldest)\n"
    "    expire(series.index, series.newest)\n"
    "  end\n"
    "  if series.json then set(series.latest, series.json, series.open_time) end\n"
    "end\n"
    "local replies, n, at = {}, 0, 0\n"
    "for count in string.gmatch(ARGV[3], '%d+') do\n"
    "  local series = call(begin, KEYS[at + 1], KEYS[at + 2])\n"
    "  for i = at + 3, at + 2 + count do\n"
    "    n = n + 1\n"
    "    replies[n] = series.err and series or\n"
    "      call(write, series, KEYS[i], ARGV[3 * n + 1], ARGV[3 * n + 2], ARGV[3 * n + 3])\n"
    "  end\n"
    "  at = at + 2 + count\n"
    "  local failed = not series.err and call(finish, series)\n"
    "  if failed then return failed end\n"
    "end\n"
    "return replies\n";

static enum status parse_key(const char *name, const char *text, bool has_open_time,
                             struct key_template *out_key, char *error, size_t error_size)
{
    char wrong[KEY_TEMPLATE_TEXT_MAX];
    enum status status = key_template_parse(text, out_key, wrong, sizeof(wrong));
    if (status != STATUS_OK) {
        (void)snprintf(error, error_size, "%s: %s", name, wrong);
        return status;
    }
    if (!key_template_has(out_key, KEY_PART_symbol) ||
        !key_template_has(out_key, KEY_PART_interval) ||
        key_template_has(out_key, KEY_PART_open_time) != has_open_time) {
        (void)snprintf(error, error_size, "%s must hold {symbol} and {interval} and %s {openTime}",
                       name, has_open_time ? "also" : "not");
        return STATUS_BAD_CONFIG;
    }
    return STATUS_OK;
}

enum status redis_script_keys_parse(const char *candle, const char *index, const char *latest,
                                    struct redis_script_keys *out_keys, char *error,
                                    size_t error_size)
{
    struct redis_script_keys keys;
    enum status status = parse_key("redis.key", candle, true, &keys.candle, error, error_size);
    if (status == STATUS_OK) {
        status = parse_key("redis.index_key", index, false, &keys.index, error, error_size);
    }
    if (status == STATUS_OK) {
        status = parse_key("redis.latest_key", latest, false, &keys.latest, error, error_size);
    }
    if (status == STATUS_OK && strcmp(index, latest) == 0) {
        (void)snprintf(error, error_size, "redis.index_key and redis.latest_key are the same");
        status = STATUS_BAD_CONFIG;
    }
    if (status == STATUS_OK) {
        *out_keys = keys;
    }
    return status;
}

void redis_script_begin(struct redis_script_call *call)
{
    call->candle_count = 0;
    call->series_count = 0;
}

static void render(const struct key_template *template, const struct candle *candle,
                   struct redis_script_key *key)
{
    key->size = key_template_render(template, candle->symbol, interval_name(candle->interval),
                                    candle->open_ms, key->text);
}

static bool is_of(const struct redis_script_series *series, const struct candle *candle)
{
    return series->interval == candle->interval && strcmp(series->symbol, candle->symbol) == 0;
}

static struct redis_script_series *series_of(struct redis_script_call *call,
                                             const struct redis_script_keys *keys,
                                             const struct candle *candle)
{
    size_t count = call->series_count;
    if (count > 0 && is_of(&call->series[count - 1], candle)) {
        return &call->series[count - 1];
    }
    struct redis_script_series *series = &call->series[call->series_count++];
    memcpy(series->symbol, candle->symbol, strlen(candle->symbol) + 1);
    series->interval = candle->interval;
    series->count = 0;
    render(&keys->index, candle, &series->index);
    render(&keys->latest, candle, &series->latest);
    return series;
}

void redis_script_add(struct redis_script_call *call, const struct redis_script_keys *keys,
                      const struct candle *candle)
{
    assert(call->candle_count < REDIS_SCRIPT_CANDLES_MAX);
    size_t i = call->candle_count++;

    series_of(call, keys, candle)->count++;
    render(&keys->candle, candle, &call->candles[i].key);
    call->candles[i].json_size = candle_print_json(candle, call->candles[i].json);
    (void)snprintf(call->candles[i].revision, sizeof(call->candles[i].revision), "%" PRId64,
                   candle->revision);
    (void)snprintf(call->candles[i].open_time, sizeof(call->candles[i].open_time), "%" PRId64,
                   candle->open_ms);
}

static void put(struct redis_script_call *call, const char *arg, size_t size)
{
    assert(call->arg_count < REDIS_SCRIPT_ARGS_MAX);
    call->args[call->arg_count] = arg;
    call->sizes[call->arg_count] = size;
    call->arg_count++;
}

static void put_text(struct redis_script_call *call, const char *text)
{
    put(call, text, strlen(text));
}

static void put_key(struct redis_script_call *call, const struct redis_script_key *key)
{
    put(call, key->text, key->size);
}

/* Of each series: its index, its `latest`, its candles. */
static void put_keys(struct redis_script_call *call)
{
    size_t candle = 0;
    for (size_t s = 0; s < call->series_count; s++) {
        put_key(call, &call->series[s].index);
        put_key(call, &call->series[s].latest);
        for (size_t i = 0; i < call->series[s].count; i++) {
            put_key(call, &call->candles[candle++].key);
        }
    }
}

static void put_counts(struct redis_script_call *call)
{
    size_t size = 0;
    for (size_t s = 0; s < call->series_count; s++) {
        size += (size_t)snprintf(call->counts + size, sizeof(call->counts) - size, "%zu ",
                                 call->series[s].count);
    }
    put(call, call->counts, size);
}

void redis_script_finish(struct redis_script_call *call, const char *sha, int64_t ttl_ms,
                         bool is_ttl_from_open)
{
    (void)snprintf(call->key_count, sizeof(call->key_count), "%zu",
                   call->candle_count + call->series_count * (REDIS_SCRIPT_KEYS - 1));
    (void)snprintf(call->ttl, sizeof(call->ttl), "%" PRId64, ttl_ms);
    call->arg_count = 0;
    put_text(call, "EVALSHA");
    put_text(call, sha);
    put_text(call, call->key_count);
    put_keys(call);
    put_text(call, call->ttl);
    put_text(call, is_ttl_from_open ? "open" : "write");
    put_counts(call);
    for (size_t i = 0; i < call->candle_count; i++) {
        put(call, call->candles[i].json, call->candles[i].json_size);
        put_text(call, call->candles[i].revision);
        put_text(call, call->candles[i].open_time);
    }
}

char *redis_script_mark_key(const char *group, const char *topic, int32_t partition,
                            const char *suffix)
{
    size_t size = sizeof("candled:::") + strlen(group) + strlen(topic) + PARTITION_DIGITS_MAX +
                  strlen(suffix);
    char *key = mem_new(size, 1);
    (void)snprintf(key, size, "candled:%s:%s:%" PRId32 "%s", group, topic, partition, suffix);
    return key;
}

static void put_mark_arg(struct redis_script_mark *call, const char *arg)
{
    assert(call->arg_count < REDIS_SCRIPT_MARK_ARGS_MAX);
    call->args[call->arg_count] = arg;
    call->sizes[call->arg_count] = strlen(arg);
    call->arg_count++;
}

void redis_script_write_mark(struct redis_script_mark *call, const char *sha, const char *key,
                             const char *count_key, struct acked value, struct acked expected)
{
    const struct acked both[] = {expected, value};

    call->arg_count = 0;
    put_mark_arg(call, "EVALSHA");
    put_mark_arg(call, sha);
    put_mark_arg(call, "2");
    put_mark_arg(call, key);
    put_mark_arg(call, count_key);
    put_mark_arg(call, "mark");
    for (size_t i = 0; i < ARRAY_COUNT(both); i++) {
        char *revision = call->texts[2 * i], *count = call->texts[2 * i + 1];
        (void)snprintf(revision, REDIS_SCRIPT_MARK_TEXT_MAX, "%" PRId64, both[i].revision);
        (void)snprintf(count, REDIS_SCRIPT_MARK_TEXT_MAX, "%" PRId64 " %" PRId64, both[i].count,
                       both[i].life);
        put_mark_arg(call, revision);
        put_mark_arg(call, count);
    }
}

static int64_t number_of(const char *text, size_t size)
{
    if (size == 0 || size > DIGITS_MAX || strspn(text, "0123456789") < size) {
        return NOTHING;
    }
    return strtoll(text, NULL, 10);
}

struct acked redis_script_parse_mark(const char *revision, const char *count)
{
    size_t count_size = strcspn(count, " ");
    const char *life = count + count_size + (count[count_size] == ' ');
    return (struct acked){number_of(revision, strlen(revision)), number_of(count, count_size),
                          number_of(life, strlen(life))};
}
