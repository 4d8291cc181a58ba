#include "actors/edge/redis_server.h"

#include "actors/edge/redis_sentinels.h"
#include "actors/edge/redis_sink.h"
#include "actors/edge/redis_tls.h"
#include "runtime/loop.h"

#include <stdio.h>
#include <string.h>

static enum status set_password(struct redis_url *url, const char *password, char *error,
                                size_t error_size)
{
    if (password == NULL || password[0] == '\0') {
        return STATUS_OK;
    }
    if (strlen(password) >= sizeof(url->password)) {
        (void)snprintf(error, error_size, "the password is too long");
        return STATUS_BAD_CONFIG;
    }
    (void)snprintf(url->password, sizeof(url->password), "%s", password);
    return STATUS_OK;
}

static enum status set_sentinels(struct redis_server *server,
                                 const struct redis_sink_options *options, void *context,
                                 void (*come)(void *context), char *error, size_t error_size)
{
    if (options->sentinel_count == 0) {
        return STATUS_OK;
    }
    if (server->url.socket[0] != '\0') {
        (void)snprintf(error, error_size,
                       "with redis.sentinels redis.url names the primary: redis://NAME/0");
        return STATUS_BAD_CONFIG;
    }
    return redis_sentinels_create(
        &(struct redis_sentinels_options){
            .loop = loop_uv(options->loop),
            .items = options->sentinels,
            .count = options->sentinel_count,
            .primary = server->url.host,
            .context = context,
            .come = come,
        },
        &server->sentinels, error, error_size);
}

enum status redis_server_init(struct redis_server *server, const struct redis_sink_options *options,
                              void *context, void (*come)(void *context), char *error,
                              size_t error_size)
{
    *server = (struct redis_server){.tls = NULL};
    enum status status = redis_url_parse(options->url, &server->url, error, error_size);
    if (status == STATUS_OK) {
        status = set_password(&server->url, options->password, error, error_size);
    }
    if (status == STATUS_OK && server->url.is_tls) {
        status = redis_tls_create(&server->url, &server->tls, error, error_size);
    }
    if (status == STATUS_OK) {
        status = set_sentinels(server, options, context, come, error, error_size);
    }
    if (status != STATUS_OK) {
        redis_server_deinit(server);
    }
    return status;
}

void redis_server_deinit(struct redis_server *server)
{
    redis_sentinels_destroy(&server->sentinels);
    redis_tls_destroy(&server->tls);
}
