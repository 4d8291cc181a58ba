#include "actors/edge/redis_reader.h"

#include "actors/edge/redis_tls.h"
#include "actors/edge/redis_url.h"
#include "proto/key_template.h"
#include "runtime/mem.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { TIMEOUT_S = 5, PIPELINE_MAX = 200 };

struct redis_reader {
    redisContext *context;
    struct redis_url url;
    struct redis_tls *tls;
    struct key_template key;
    char error[REDIS_READER_ERROR_MAX];
};

/* What stands under the key must be what we have seen. */
static const char take_out_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

static enum status fail(struct redis_reader *reader, const char *what)
{
    (void)snprintf(reader->error, sizeof(reader->error), "%s", what);
    return STATUS_UNAVAILABLE;
}

/* NULL: noted why. */
static redisReply *accept_reply(struct redis_reader *reader, redisReply *reply)
{
    if (reply == NULL) {
        (void)fail(reader, reader->context->errstr);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        (void)fail(reader, reply->str);
        freeReplyObject(reply);
        reply = NULL;
    }
    return reply;
}

static enum status command(struct redis_reader *reader, int argc, const char **argv)
{
    redisReply *reply = accept_reply(reader, redisCommandArgv(reader->context, argc, argv, NULL));
    if (reply == NULL) {
        return STATUS_UNAVAILABLE;
    }
    freeReplyObject(reply);
    return STATUS_OK;
}

static redisContext *dial(const char *host, int port)
{
    struct timeval limit = {.tv_sec = TIMEOUT_S};
    redisContext *context = redisConnectWithTimeout(host, port, limit);
    if (context != NULL && context->err == 0) {
        (void)redisSetTimeout(context, limit);
    }
    return context;
}

static enum status check_dialled(struct redis_reader *reader, redisContext *context)
{
    if (context == NULL || context->err != 0) {
        enum status status = fail(reader, context == NULL ? "out of memory" : context->errstr);
        redisFree(context);
        return status;
    }
    reader->context = context;
    return STATUS_OK;
}

/* host:port of the primary, from one sentinel's answer. */
static bool take_answer(struct redis_url *url, const redisReply *reply)
{
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        return false;
    }
    (void)snprintf(url->host, sizeof(url->host), "%s", reply->element[0]->str);
    (void)snprintf(url->port, sizeof(url->port), "%s", reply->element[1]->str);
    return true;
}

static bool ask_sentinel(struct redis_reader *reader, const char *sentinel)
{
    char host[REDIS_URL_TEXT_MAX];
    (void)snprintf(host, sizeof(host), "%s", sentinel);
    char *colon = strrchr(host, ':');
    if (colon == NULL) {
        return false;
    }
    *colon = '\0';
    redisContext *context = dial(host, atoi(colon + 1));
    if (check_dialled(reader, context) != STATUS_OK) {
        return false;
    }
    redisReply *reply =
        redisCommand(context, "SENTINEL get-master-addr-by-name %s", reader->url.host);
    bool is_known = take_answer(&reader->url, reply);
    if (!is_known) {
        (void)fail(reader, "the sentinel does not know the primary");
    }
    freeReplyObject(reply);
    redisFree(context);
    reader->context = NULL;
    return is_known;
}

static enum status find_primary(struct redis_reader *reader,
                                const struct redis_reader_options *options)
{
    for (size_t i = 0; i < options->sentinel_count; i++) {
        if (ask_sentinel(reader, options->sentinels[i])) {
            return STATUS_OK;
        }
    }
    return options->sentinel_count == 0 ? STATUS_OK : STATUS_UNAVAILABLE;
}

static enum status connect_to_server(struct redis_reader *reader)
{
    const struct redis_url *url = &reader->url;
    if (url->socket[0] != '\0') {
        struct timeval limit = {.tv_sec = TIMEOUT_S};
        return check_dialled(reader, redisConnectUnixWithTimeout(url->socket, limit));
    }
    enum status status = check_dialled(reader, dial(url->host, atoi(url->port)));
    if (status == STATUS_OK && url->is_tls) {
        status = redis_tls_create(url, &reader->tls, reader->error, sizeof(reader->error));
        if (status == STATUS_OK) {
            status = redis_tls_attach_blocking(reader->tls, reader->context, reader->error,
                                               sizeof(reader->error));
        }
    }
    return status;
}

static enum status log_in(struct redis_reader *reader)
{
    const struct redis_url *url = &reader->url;
    char db[16];
    const char *auth[] = {"AUTH", url->user, url->password};
    const char *auth_default[] = {"AUTH", url->password};
    const char *select[] = {"SELECT", db};
    enum status status = STATUS_OK;

    (void)snprintf(db, sizeof(db), "%d", url->db);
    if (url->password[0] != '\0') {
        bool has_user = url->user[0] != '\0';
        status = command(reader, has_user ? 3 : 2, has_user ? auth : auth_default);
    }
    return status == STATUS_OK ? command(reader, 2, select) : status;
}

static enum status open_all(struct redis_reader *reader, const struct redis_reader_options *options)
{
    enum status status =
        key_template_parse(options->key, &reader->key, reader->error, sizeof(reader->error));
    if (status == STATUS_OK) {
        status = redis_url_parse(options->url, &reader->url, reader->error, sizeof(reader->error));
    }
    if (status == STATUS_OK && options->password != NULL && options->password[0] != '\0') {
        (void)snprintf(reader->url.password, sizeof(reader->url.password), "%s", options->password);
    }
    if (status == STATUS_OK) {
        status = find_primary(reader, options);
    }
    if (status == STATUS_OK) {
        status = connect_to_server(reader);
    }
    return status == STATUS_OK ? log_in(reader) : status;
}

enum status redis_reader_open(const struct redis_reader_options *options,
                              struct redis_reader **out_reader, char *error, size_t error_size)
{
    struct redis_reader *reader = mem_new(1, sizeof(*reader));
    enum status status = open_all(reader, options);
    if (status != STATUS_OK) {
        (void)snprintf(error, error_size, "%s", reader->error);
        redis_reader_close(&reader);
        return status;
    }
    *out_reader = reader;
    return STATUS_OK;
}

void redis_reader_close(struct redis_reader **reader_p)
{
    struct redis_reader *reader = *reader_p;
    *reader_p = NULL;
    if (reader == NULL) {
        return;
    }
    if (reader->context != NULL) {
        redisFree(reader->context);
    }
    redis_tls_destroy(&reader->tls);
    mem_free(reader);
}

static void make_key(const struct redis_reader *reader, const struct candle *candle,
                     char key[KEY_MAX])
{
    (void)key_template_render(&reader->key, candle->symbol, interval_name(candle->interval),
                              candle->open_ms, key);
}

static enum status take_answers(struct redis_reader *reader, const struct candle *candles,
                                size_t count, redis_reader_visit_fn *visit, void *context)
{
    for (size_t i = 0; i < count; i++) {
        void *raw = NULL;
        (void)redisGetReply(reader->context, &raw);
        redisReply *reply = accept_reply(reader, raw);
        if (reply == NULL) {
            return STATUS_UNAVAILABLE;
        }
        visit(context, &candles[i], reply->type == REDIS_REPLY_STRING ? reply->str : NULL);
        freeReplyObject(reply);
    }
    return STATUS_OK;
}

static enum status get_some(struct redis_reader *reader, const struct candle *candles, size_t count,
                            redis_reader_visit_fn *visit, void *context)
{
    char key[KEY_MAX];
    for (size_t i = 0; i < count; i++) {
        make_key(reader, &candles[i], key);
        if (redisAppendCommand(reader->context, "GET %s", key) != REDIS_OK) {
            return fail(reader, reader->context->errstr);
        }
    }
    return take_answers(reader, candles, count, visit, context);
}

enum status redis_reader_get(struct redis_reader *reader, const struct candle *candles,
                             size_t count, redis_reader_visit_fn *visit, void *context)
{
    enum status status = STATUS_OK;
    for (size_t at = 0; at < count && status == STATUS_OK; at += PIPELINE_MAX) {
        size_t some = count - at < PIPELINE_MAX ? count - at : PIPELINE_MAX;
        status = get_some(reader, candles + at, some, visit, context);
    }
    return status;
}

enum status redis_reader_take_out(struct redis_reader *reader, const struct candle *candle,
                                  const char *found)
{
    char key[KEY_MAX];
    make_key(reader, candle, key);
    const char *argv[] = {"EVAL", take_out_script, "1", key, found};
    return command(reader, 5, argv);
}

const char *redis_reader_error(const struct redis_reader *reader)
{
    return reader->error;
}
