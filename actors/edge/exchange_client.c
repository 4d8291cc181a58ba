#include "actors/edge/exchange_client.h"

#include "proto/interval.h"
#include "proto/web_url.h"
#include "runtime/http_client.h"
#include "runtime/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REQUEST_MS_MAX = 30000,
    BODY_MAX = 64 << 20,
    ILLEGAL_CHARACTERS = -1100, /* no symbol has them */
    UNKNOWN_SYMBOL = -1121,
    HTTP_OK = 200,
    HTTP_TOO_MANY = 429,
    HTTP_BANNED = 418,
    WAIT_MS_TOO_MANY = 60000, /* when Retry-After is missing */
    WAIT_MS_BANNED = 300000,
    WAIT_S_MAX = 4 * 86400, /* bans last three days at most */
    HEADER_MAX = 64,
};

struct exchange_client {
    struct http_client *http;
    struct exchange_rest_reader *reader;
    char *url; /* without a slash at its end */
    _Atomic bool is_ended;
};

struct exchange_client *exchange_client_create(const char *url, const char *ca_file)
{
    bool has_file = ca_file != NULL && ca_file[0] != '\0';
    struct exchange_client *c = mem_new(1, sizeof(*c));
    size_t size = strlen(url);

    while (size > 0 && url[size - 1] == '/') {
        size--;
    }
    c->url = mem_new(size + 1, 1);
    memcpy(c->url, url, size);
    c->http = http_client_create(&(struct http_client_options){
        .ca_bundle = has_file ? ca_file : NULL,
    });
    c->reader = exchange_rest_reader_create();
    return c;
}

void exchange_client_destroy(struct exchange_client **client_p)
{
    struct exchange_client *c = *client_p;
    *client_p = NULL;
    if (c != NULL) {
        http_client_destroy(&c->http);
        exchange_rest_reader_destroy(&c->reader);
        mem_free(c->url);
        mem_free(c);
    }
}

static int64_t number_of_header(const struct http_answer *http, const char *name, int64_t otherwise)
{
    char text[HEADER_MAX];
    char *end;
    if (!http_client_header(http, name, text, sizeof(text))) {
        return otherwise;
    }
    long long number = strtoll(text, &end, 10);
    return end == text || *end != '\0' || number < 0 ? otherwise : (int64_t)number;
}

static void judge_limit(const struct http_answer *http, struct exchange_answer *answer)
{
    int64_t otherwise = http->code == HTTP_BANNED ? WAIT_MS_BANNED : WAIT_MS_TOO_MANY;
    int64_t wait_s = number_of_header(http, "Retry-After", -1);

    answer->kind = EXCHANGE_ANSWER_limited;
    answer->wait_ms = wait_s < 0 ? otherwise : wait_s * 1000;
    if (wait_s > WAIT_S_MAX) {
        answer->wait_ms = (int64_t)WAIT_S_MAX * 1000;
    }
}

/* Everything but a good answer, whose body is the caller's to read. */
static void judge(struct exchange_client *c, const struct http_answer *http,
                  struct exchange_answer *answer)
{
    struct slice body = {http->body, http->body_size};

    answer->http_code = http->code;
    answer->used_weight = number_of_header(http, "X-MBX-USED-WEIGHT-1M", -1);
    if (http->code == HTTP_OK) {
        answer->kind = EXCHANGE_ANSWER_good;
        return;
    }
    exchange_rest_read_error(c->reader, body, &answer->code, answer->error);
    answer->kind = EXCHANGE_ANSWER_failed;
    if (http->code == HTTP_TOO_MANY || http->code == HTTP_BANNED) {
        judge_limit(http, answer);
    } else if (answer->code == UNKNOWN_SYMBOL || answer->code == ILLEGAL_CHARACTERS) {
        answer->kind = EXCHANGE_ANSWER_unknown;
    }
    if (answer->error[0] == '\0') {
        (void)snprintf(answer->error, sizeof(answer->error), "HTTP %d", http->code);
    }
}

static char *url_of(const struct exchange_client *c, const char *path)
{
    size_t size = strlen(c->url) + strlen(path) + 1;
    char *url = mem_new(size, 1);
    (void)snprintf(url, size, "%s%s", c->url, path);
    return url;
}

void exchange_client_end(struct exchange_client *c)
{
    atomic_store(&c->is_ended, true);
}

static bool goes_on(void *context, int64_t done_bytes, int64_t total_bytes)
{
    struct exchange_client *c = context;
    (void)done_bytes;
    (void)total_bytes;
    return !atomic_load(&c->is_ended);
}

bool exchange_client_ping(struct exchange_client *c, int64_t timeout_ms)
{
    char *url = url_of(c, "/api/v3/ping");
    struct http_request request = {.method = "GET", .url = url, .timeout_ms = timeout_ms};
    struct http_answer http;

    enum status status = http_client_do(c->http, &request, &http);
    bool does_answer = status == STATUS_OK && http.code == HTTP_OK;
    http_client_forget(&http);
    mem_free(url);
    return does_answer;
}

/* The body of a good answer; http_client_forget(). */
static void get(struct exchange_client *c, const char *path, struct http_answer *http,
                struct exchange_answer *answer)
{
    char *url = url_of(c, path);
    struct http_request request = {
        .method = "GET",
        .url = url,
        .body_max = BODY_MAX,
        .timeout_ms = REQUEST_MS_MAX,
        .context = c,
        .progress = goes_on,
    };
    *answer = (struct exchange_answer){
        .kind = EXCHANGE_ANSWER_failed, .used_weight = -1, .server_ms = INT64_MIN};
    enum status status = http_client_do(c->http, &request, http);
    mem_free(url);
    if (status == STATUS_OK) {
        judge(c, http, answer);
    } else {
        (void)snprintf(answer->error, sizeof(answer->error), "%.190s", http->error);
    }
}

static void take_row(void *context, const struct kline *kline, struct slice text)
{
    exchange_answer_add_row(context, kline, text);
}

static void take_listing(void *context, const char *symbol, const char *status)
{
    exchange_answer_add_listing(context, symbol, status);
}

static void settle(struct exchange_answer *answer, enum status status)
{
    if (status != STATUS_OK) {
        answer->kind = EXCHANGE_ANSWER_failed;
    }
}

void exchange_client_klines(struct exchange_client *c, const char *symbol, int64_t from_ms,
                            int64_t to_ms, struct exchange_answer *out_answer)
{
    char name[3 * SYMBOL_BYTES_MAX + 1];
    char path[512];
    struct http_answer http;

    (void)web_url_encode(slice_of_text(symbol), name);
    (void)snprintf(path, sizeof(path),
                   "/api/v3/klines?symbol=%s&interval=1m&startTime=%" PRId64 "&endTime=%" PRId64
                   "&limit=%d",
                   name, from_ms, to_ms + MINUTE_MS - 1, EXCHANGE_KLINES_MAX);
    get(c, path, &http, out_answer);
    if (out_answer->kind == EXCHANGE_ANSWER_good) {
        settle(out_answer, exchange_rest_read_klines(
                               c->reader, (struct slice){http.body, http.body_size}, symbol,
                               take_row, out_answer, &out_answer->bad_rows, out_answer->error));
    }
    http_client_forget(&http);
}

/* symbol=A for one, symbols=["A","B"] for several, percent-encoded. */
static char *info_path(const char *const *symbols, size_t count)
{
    char name[3 * SYMBOL_BYTES_MAX + 1];
    size_t room = 64 + count * (sizeof(name) + 16);
    char *path = mem_new(room, 1);
    size_t at = (size_t)snprintf(path, room, "/api/v3/exchangeInfo?%s",
                                 count == 1 ? "symbol=" : "symbols=%5B");

    for (size_t i = 0; i < count; i++) {
        (void)web_url_encode(slice_of_text(symbols[i]), name);
        const char *quote = count == 1 ? "" : "%22";
        at += (size_t)snprintf(path + at, room - at, "%s%s%s%s", i == 0 ? "" : ",", quote, name,
                               quote);
    }
    if (count > 1) {
        (void)snprintf(path + at, room - at, "%%5D");
    }
    return path;
}

void exchange_client_info(struct exchange_client *c, const char *const *symbols, size_t count,
                          struct exchange_answer *out_answer)
{
    struct http_answer http;
    char *path = info_path(symbols, count);

    assert(count > 0 && count <= EXCHANGE_INFO_MAX);
    get(c, path, &http, out_answer);
    if (out_answer->kind == EXCHANGE_ANSWER_good) {
        settle(out_answer, exchange_rest_read_info(
                               c->reader, (struct slice){http.body, http.body_size}, take_listing,
                               out_answer, &out_answer->server_ms, out_answer->error));
    }
    http_client_forget(&http);
    mem_free(path);
}
